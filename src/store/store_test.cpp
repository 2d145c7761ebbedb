// SPDX-License-Identifier: Apache-2.0
#include "store/store.h"

#include "store/fixture_for_test.h"

namespace strongroom::store {
namespace {

class Rules : public StoreFixture {
 protected:
  Rules() : store(open()) { EXPECT_TRUE(rows.insert_into(*store)); }

  Code insert_answers(const auto& row) {
    const auto status = store->transact([&] { return store->insert(row); });
    return status ? Code::Internal : status.error().code;
  }
  void reopen() {
    store.reset();
    store = open();
  }
  template <class Row>
  std::size_t count() {
    return store->list<Row>()->size();
  }

  Rows rows;
  std::unique_ptr<Store> store;
};

TEST_F(Rules, every_row_reads_as_it_was_written) {
  reopen();
  rows.each([&]<class Row>(const std::array<Row, 2>& written) {
    const auto read = store->list<Row>();
    ASSERT_TRUE(read) << read.error().message;
    ASSERT_EQ(read->size(), 2U) << Row::kTable;
    for (std::size_t i = 0; i < 2; ++i)
      EXPECT_EQ(Store::values_of((*read)[i]), Store::values_of(written[i])) << Row::kTable;
  });
}

TEST_F(Rules, every_row_type_is_in_the_list_that_is_verified) {
  std::size_t types = 0;
  std::size_t filled = 0;
  for_each_row_type([&]<class Row>() {
    ++types;
    filled += count<Row>() == 2 ? 1U : 0U;
  });
  EXPECT_EQ(types, 37U);
  EXPECT_EQ(filled, types);
}

TEST_F(Rules, a_walk_in_parts_sees_every_row_once_and_those_put_in_meanwhile) {
  const Where active{{"state", std::string("active")}};
  std::vector<std::string> names;
  std::int64_t after = 0;
  for (int parts = 0; parts < 10; ++parts) {
    const auto page = store->page<Tenant>(active, after, 1);
    ASSERT_TRUE(page) << page.error().message;
    if (page->rows.empty()) break;
    ASSERT_EQ(page->rows.size(), 1U);
    names.push_back(page->rows[0].name);
    after = page->next;
    if (parts > 0) continue;
    Tenant late = rows.tenants[0];
    late.id = crypto::random_id<TenantId>();
    late.name = "late";
    ASSERT_TRUE(store->transact([&] { return store->insert(late); }));
  }
  EXPECT_EQ(names, (std::vector<std::string>{rows.tenants[0].name, rows.tenants[1].name, "late"}));
  EXPECT_EQ(store->count<Tenant>(active), 3);
  EXPECT_EQ(store->count<Tenant>({{"name", std::string("nobody")}}), 0);
}

TEST_F(Rules, a_failed_transaction_leaves_nothing) {
  const auto revision = store->revision();
  const auto status = store->transact([&]() -> Status {
    Tenant other = rows.tenants[0];
    other.id = crypto::random_id<TenantId>();
    other.name = "another";
    STRONGROOM_CHECKED(store->insert(other));
    STRONGROOM_TRY([[maybe_unused]] const int gone, store->erase<Receipt>({}));
    return fail(Code::Refused, "no");
  });
  EXPECT_EQ(status.error().code, Code::Refused);
  EXPECT_EQ(store->revision(), revision);
  EXPECT_EQ(count<Tenant>(), 2U);
  EXPECT_EQ(count<Receipt>(), 2U);
  EXPECT_TRUE(store->verify_all());
  reopen();
}

TEST_F(Rules, a_conflict_that_the_caller_passes_over_leaves_the_content_right) {
  ASSERT_TRUE(store->transact([&]() -> Status {
    EXPECT_EQ(store->insert(rows.tenants[0]).error().code, Code::Conflict);
    Tenant renamed = rows.tenants[0];
    renamed.name = rows.tenants[1].name;
    EXPECT_EQ(store->update(renamed).error().code, Code::Conflict);
    const auto erased = store->erase<Tenant>({{"name", rows.tenants[0].name}});
    EXPECT_EQ(erased.error().code, Code::Conflict) << "members refer to it";
    renamed.name = "renamed";
    return store->update(renamed);
  }));
  EXPECT_TRUE(store->verify_all());
  reopen();
  EXPECT_TRUE(*store->find<Tenant>({{"name", std::string("renamed")}}));
}

TEST_F(Rules, update_and_erase_change_what_they_name) {
  KeyVersion version = rows.versions[0];
  version.record.clear();
  ASSERT_TRUE(store->transact([&]() -> Status {
    STRONGROOM_CHECKED(store->update(version));
    STRONGROOM_TRY(const int gone, store->erase<Grant>({{"key", to_value(rows.keys[0].id)}}));
    EXPECT_EQ(gone, 1);
    return {};
  }));
  reopen();
  EXPECT_TRUE((*store->find<KeyVersion>({{"key", to_value(version.key)}}))->record.empty());
  EXPECT_EQ(count<Grant>(), 1U);
  version.version = 99;
  const auto status = store->transact([&] { return store->update(version); });
  EXPECT_EQ(status.error().code, Code::NotFound);
}

TEST_F(Rules, one_of_many_is_asked_for_exactly) {
  EXPECT_EQ(store->find<Grant>({{"service", std::string("gemini")}}).error().code, Code::Conflict);
  EXPECT_FALSE(*store->find<Grant>({{"service", std::string("openai")}}));
  EXPECT_TRUE(*store->find<Key>({{"owner", Value()}})) << "no owner is a value too";
}

TEST_F(Rules, nothing_is_written_before_verification) {
  store.reset();
  auto unverified = open_sqlite(path);
  ASSERT_TRUE(unverified);
  (*unverified)->unlock(row_key());
  const auto status = (*unverified)->transact([&] { return Status(); });
  EXPECT_EQ(status.error().code, Code::Sealed);
}

TEST_F(Rules, two_homes_or_none_are_impossible) {
  Key key = rows.keys[0];
  key.id = crypto::random_id<KeyId>();
  key.label = "other";
  for (const std::int64_t home : {0, 1, 2, 3})
    for (const bool is_owned : {false, true}) {
      key.home = home;
      key.owner = is_owned ? std::optional(rows.members[0].id) : std::nullopt;
      const bool is_right = (home == 1 && !is_owned) || (home == 2 && is_owned);
      if (!is_right) EXPECT_EQ(insert_answers(key), Code::Conflict) << home << is_owned;
    }
  Key moved = rows.keys[0];
  moved.owner = rows.members[0].id;
  EXPECT_FALSE(store->transact([&] { return store->update(moved); }));
  for (const std::int64_t delivery : {0, 3}) {
    key = rows.keys[0];
    key.id = crypto::random_id<KeyId>();
    key.label = "other";
    key.delivery = delivery;
    EXPECT_EQ(insert_answers(key), Code::Conflict) << delivery;
  }
}

TEST_F(Rules, a_label_is_used_once_by_what_is_not_revoked) {
  Key again = rows.keys[0];
  again.id = crypto::random_id<KeyId>();
  EXPECT_EQ(insert_answers(again), Code::Conflict);
  Key of_member = again;
  of_member.id = crypto::random_id<KeyId>();
  of_member.home = 2;
  of_member.owner = rows.members[0].id;
  EXPECT_EQ(insert_answers(of_member), Code::Internal) << "another home, another label";
  Key revoked = rows.keys[0];
  revoked.state = "revoked";
  ASSERT_TRUE(store->transact([&] { return store->update(revoked); }));
  EXPECT_EQ(insert_answers(again), Code::Internal) << "a revoked key frees its label";
}

TEST_F(Rules, names_passes_and_references_are_kept) {
  Tenant tenant = rows.tenants[0];
  tenant.id = crypto::random_id<TenantId>();
  EXPECT_EQ(insert_answers(tenant), Code::Conflict);
  Member member = rows.members[0];
  member.id = crypto::random_id<MemberId>();
  EXPECT_EQ(insert_answers(member), Code::Conflict);
  member.name = "new";
  member.role = "god";
  EXPECT_EQ(insert_answers(member), Code::Conflict);
  Grant grant = rows.grants[0];
  grant.id = crypto::random_id<GrantId>();
  EXPECT_EQ(insert_answers(grant), Code::Conflict) << "one pass, one grant";
  grant.pass_hash.clear();
  EXPECT_EQ(insert_answers(grant), Code::Internal) << "injected keys have none";
  grant.id = crypto::random_id<GrantId>();
  EXPECT_EQ(insert_answers(grant), Code::Internal) << "however many";
  grant.id = crypto::random_id<GrantId>();
  grant.session = crypto::random_id<SessionId>();
  EXPECT_EQ(insert_answers(grant), Code::Conflict) << "of a session that is there";
}

TEST_F(Rules, a_policy_is_once_for_its_tenant_service_or_key) {
  Policy again = rows.policies[0];
  again.id = crypto::random_id<PolicyId>();
  EXPECT_EQ(insert_answers(again), Code::Conflict);
  again.service = "openai";
  EXPECT_EQ(insert_answers(again), Code::Internal) << "another service";
  again.id = crypto::random_id<PolicyId>();
  again.service = "";
  EXPECT_EQ(insert_answers(again), Code::Internal) << "the tenant's own";
  again.id = crypto::random_id<PolicyId>();
  again.key = rows.keys[0].id;
  EXPECT_EQ(insert_answers(again), Code::Conflict) << "a key has a service";
  again.service = "gemini";
  EXPECT_EQ(insert_answers(again), Code::Internal);
  again.id = crypto::random_id<PolicyId>();
  again.key = crypto::random_id<KeyId>();
  EXPECT_EQ(insert_answers(again), Code::Conflict) << "of a key that is there";
  Policy negative = rows.policies[0];
  negative.bytes_per_day = -1;
  EXPECT_FALSE(store->transact([&] { return store->update(negative); }));
}

/// A disk that fails once, and then goes on as if nothing had been: each change after it would
/// commit alone.
class FailingOnce final : public Backend {
 public:
  Result<std::vector<Values>> select(std::string_view, const std::vector<std::string_view>&,
                                     const Where&) override {
    return std::vector<Values>();
  }
  Result<std::vector<Values>> select_after(std::string_view, const std::vector<std::string_view>&,
                                           const Where&, std::int64_t, std::size_t) override {
    return std::vector<Values>();
  }
  Status visit_after(std::string_view, const std::vector<std::string_view>&, std::int64_t,
                     std::size_t, const RowVisitor&) override {
    return {};
  }
  Result<std::int64_t> count(std::string_view, const Where&) override { return 0; }
  Status insert(std::string_view, const std::vector<std::string_view>&, const Values&) override {
    if (++inserts == 2) return fail(Code::Storage, "the disk failed");
    return {};
  }
  Result<int> update(std::string_view, const std::vector<std::string_view>&, const Values&,
                     std::size_t) override {
    return 1;
  }
  Result<int> erase(std::string_view, const Where&) override { return 0; }
  Result<std::optional<std::int64_t>> count_of_other_epochs(const Value&, std::int64_t,
                                                            std::int64_t&, std::size_t) override {
    return std::nullopt;
  }
  Result<std::vector<std::string>> damage_of(std::string_view) override {
    return std::vector<std::string>();
  }
  Status begin() override { return {}; }
  Status begin_lazily() override { return {}; }
  Status commit() override {
    ++commits;
    return {};
  }
  void roll_back() override { ++roll_backs; }
  Status forget_overwritten() override { return {}; }
  Result<std::unique_ptr<Copying>> begin_copy(const std::string&) override {
    return fail(Code::Storage, "the disk failed");
  }

  int inserts = 0;
  int commits = 0;
  int roll_backs = 0;
};

TEST(Broken, a_transaction_that_the_disk_ended_takes_nothing_more_and_is_rolled_back) {
  auto owned = std::make_unique<FailingOnce>();
  FailingOnce& disk = *owned;
  Store store(std::move(owned));
  store.unlock(Secret(ByteVector(32, 7)));
  ASSERT_TRUE(store.verify_all());
  const Rows rows;
  const auto status = store.transact([&]() -> Status {
    EXPECT_TRUE(store.insert(rows.tenants[0]));
    EXPECT_FALSE(store.insert(rows.tenants[1]));
    EXPECT_EQ(store.insert(rows.members[0]).error().code, Code::Storage);
    EXPECT_EQ(store.erase<Member>({}).error().code, Code::Storage);
    return {};
  });
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().code, Code::Storage);
  EXPECT_EQ(disk.inserts, 2);
  EXPECT_EQ(disk.commits, 0);
  EXPECT_EQ(disk.roll_backs, 1);
  EXPECT_EQ(store.revision(), 0);
  EXPECT_TRUE(store.transact([] { return Status(); })) << "the next one is a new one";
}

}  // namespace
}  // namespace strongroom::store
