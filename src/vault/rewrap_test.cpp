// SPDX-License-Identifier: Apache-2.0
#include "vault/rewrap.h"

#include "vault/fixture_for_test.h"

namespace strongroom::vault {
namespace {

constexpr std::string_view kGemini = "AIzaSyTest-0123456789-abcdefghijklmn";

class Rewrap : public VaultFixture {
 protected:
  Rewrap() { make_acme(); }

  /// One key a label, in a fixed order.
  std::vector<KeyId> fill(int count) {
    std::vector<KeyId> keys;
    for (int i = 0; i < count; ++i) {
      const auto added = add("gemini", value(i), "", label(i));
      EXPECT_TRUE(added);
      keys.push_back(added->id);
    }
    return keys;
  }
  static std::string label(int i) { return "n" + std::to_string(i); }
  static std::string value(int i) { return std::string(kGemini) + "-" + std::to_string(i); }
  std::string opened(KeyId key) {
    const auto found = vault->open_for_check(kOperator, key);
    return found ? reveal(found->value) : found.error().reason;
  }
  TenantId begin() {
    const auto begun = vault->begin_rewrap(kOperator, "acme", 100);
    EXPECT_TRUE(begun && begun->is_new);
    return begun->tenant;
  }
  void finish(TenantId tenant) {
    for (;;) {
      const auto is_more = vault->step_rewrap(tenant);
      ASSERT_TRUE(is_more) << is_more.error().message;
      if (!*is_more) return;
    }
  }
  /// Its number of records, by epoch.
  std::map<std::int64_t, int> records() {
    std::map<std::int64_t, int> out;
    for (const auto& version : *store->list<store::KeyVersion>())
      if (!version.record.empty()) ++out[version.epoch];
    return out;
  }
  std::vector<std::int64_t> living() {
    std::vector<std::int64_t> out;
    for (const auto& epoch : *store->list<store::Epoch>())
      if (!epoch.wrapped_seed.empty()) out.push_back(epoch.number);
    return out;
  }
};

TEST_F(Rewrap, EverythingGoesIntoTheNewEpochAndTheOldSeedEnds) {
  const auto keys = fill(3);
  ASSERT_TRUE(run(vault->revoke_key(kOperator, keys[1])));
  const auto before = store->list<store::Tenant>()->at(0).wrapped_key;
  finish(begin());
  const auto view = vault->show_rewrap(kOperator, "acme");
  ASSERT_TRUE(view);
  EXPECT_EQ(view->state, "done");
  EXPECT_EQ(view->rewrapped, 2U);
  EXPECT_EQ(view->left, 0U);
  EXPECT_TRUE(view->is_forgotten);
  EXPECT_EQ(records(), (std::map<std::int64_t, int>{{2, 2}}));
  EXPECT_EQ(living(), std::vector<std::int64_t>{2});
  EXPECT_NE(store->list<store::Tenant>()->at(0).wrapped_key, before);
  EXPECT_EQ(opened(keys[0]), value(0));
  EXPECT_EQ(opened(keys[1]), "key_revoked");
  reopen();
  EXPECT_EQ(opened(keys[2]), value(2));
}

TEST_F(Rewrap, WhatIsAddedRotatedOrRevokedInBetweenIsAsItShouldBe) {
  const auto keys = fill(3);
  const TenantId tenant = begin();
  const auto late = add("gemini", value(9), "", label(9));
  ASSERT_TRUE(late);
  ASSERT_TRUE(vault->rotate_key(kOperator, keys[0], secret(value(7))));
  ASSERT_TRUE(run(vault->revoke_key(kOperator, keys[1])));
  finish(tenant);
  EXPECT_EQ(records(), (std::map<std::int64_t, int>{{2, 3}}));
  EXPECT_EQ(opened(keys[0]), value(7));
  EXPECT_EQ(opened(keys[1]), "key_revoked");
  EXPECT_EQ(opened(late->id), value(9));
}

/// A crash after each of its steps: what is there opens, and the next start goes on.
TEST_F(Rewrap, L5_one_that_is_cut_short_after_any_step_is_finished_by_the_next_start) {
  const auto keys = fill(300);
  for (int steps = 0; steps < 6; ++steps) {
    const TenantId tenant = begin();
    bool is_done = false;
    for (int i = 0; i < steps && !is_done; ++i) is_done = !vault->step_rewrap(tenant).value();
    reopen();
    EXPECT_EQ(opened(keys[0]), value(0));
    EXPECT_EQ(opened(keys[299]), value(299));
    EXPECT_EQ(vault->unfinished_rewraps()->size(), is_done ? 0U : 1U);
    if (is_done) continue;
    const auto epochs = living();
    EXPECT_EQ(epochs.size(), 2U);
    finish(begin());  // goes on: no further epoch
    EXPECT_EQ(living(), std::vector<std::int64_t>{epochs.back()});
    EXPECT_EQ(records(), (std::map<std::int64_t, int>{{epochs.back(), 300}}));
  }
}

TEST_F(Rewrap, OneThatRunsIsNotBegunAgainAndARemovedTenantEndsIt) {
  fill(1);
  const TenantId tenant = begin();
  const auto again = vault->begin_rewrap(kOperator, "acme", 7);
  ASSERT_TRUE(again);
  EXPECT_FALSE(again->is_new);
  EXPECT_EQ(vault->rewrap_share(tenant), 7U);
  EXPECT_CODE(vault->begin_rewrap(kOperator, "acme", 0), Code::Invalid);
  EXPECT_CODE(vault->begin_rewrap(kOperator, "other", 50), Code::NotFound);
  ASSERT_TRUE(run(vault->remove_tenant(kOperator, "acme")));
  EXPECT_CODE(vault->step_rewrap(tenant), Code::NotFound);
  EXPECT_TRUE(living().empty());
  EXPECT_TRUE(vault->unfinished_rewraps()->empty());
}

TEST_F(Rewrap, AShredOfTheTenantRemovedMeanwhileHasTheLastWord) {
  fill(1);
  const TenantId tenant = begin();
  ASSERT_TRUE(run(vault->remove_tenant(kOperator, "acme")));
  ASSERT_TRUE(vault->begin_shred(kOperator, tenant.text(), Secret(), 100));
  EXPECT_EQ(vault->show_rewrap(kOperator, tenant.text())->state, "done");
  finish(tenant);
  const auto shown = vault->show_rewrap(kOperator, tenant.text());
  EXPECT_EQ(shown->state, "done");
  EXPECT_FALSE(shown->receipt.empty());
}

/// The seed of a record that does not open is kept.
TEST_F(Rewrap, ARecordThatDoesNotOpenKeepsTheOldSeed) {
  const auto keys = fill(2);
  auto version = store->find<store::KeyVersion>({{"key", store::to_value(keys[1])}}).value();
  version->record.back() ^= 1U;
  ASSERT_TRUE(store->transact([&] { return store->update(*version); }));
  const TenantId tenant = begin();
  EXPECT_CODE(vault->step_rewrap(tenant), Code::Tampered);
  EXPECT_EQ(living(), (std::vector<std::int64_t>{1, 2}));
  EXPECT_EQ(opened(keys[0]), value(0));
}

/// Driven as the server does it, with the act of each beginning and end in the record.
TEST_F(Rewrap, ItRunsBesideTheLoopAndIsRecorded) {
  const auto keys = fill(3);
  run([](io::Loop& loop, Vault& vault) -> io::Task<bool> {
    const auto started = start_rewrap(loop, vault, kOperator, "acme", 100);
    EXPECT_TRUE(started);
    while (vault.show_rewrap(kOperator, "acme")->state == kRewrapRunning) co_await loop.yield();
    co_return true;
  }(loop, *vault));
  EXPECT_EQ(vault->show_rewrap(kOperator, "acme")->state, kRewrapDone);
  const auto acts = actions();
  EXPECT_EQ(std::ranges::count(acts, "tenant.rewrap begun"), 1);
  EXPECT_EQ(std::ranges::count(acts, "tenant.rewrap done"), 1);
}

}  // namespace
}  // namespace strongroom::vault
