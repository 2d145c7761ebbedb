// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <fstream>
#include <random>

#include "store/store.h"
#include "vault/fixture_for_test.h"

namespace strongroom::vault {
namespace {

namespace fs = std::filesystem;
constexpr std::string_view kGemini = "AIzaSyTest-0123456789-abcdefghijklmn";

/// An anchor in memory, whose disk may fail.
class NotedAnchor final : public AnchorPlace {
 public:
  Result<std::optional<std::string>> read() override { return text; }
  Status write(const std::string& fresh) override {
    if (writes_left == 0) return fail(Code::Storage, "the anchor's disk is full");
    if (writes_left > 0) --writes_left;
    ++writes;
    text = fresh;
    return {};
  }
  [[nodiscard]] std::string name() const override { return "the anchor"; }
  std::optional<std::string> text;
  int writes_left = -1;  ///< below 0: as many as are wanted
  int writes = 0;
};

class Rollback : public VaultFixture {
 protected:
  Rollback() {
    close();
    anchor = &place;
    open();
    make_acme();
  }
  ~Rollback() override { close(); }

  fs::path database() const { return folder + "/strongroom.db"; }
  /// What is stored by now; nobody serves.
  std::string content() {
    close();
    std::string octets;
    for (const char* suffix : {"", "-wal"}) {
      std::ifstream file(database().string() + suffix, std::ios::binary);
      octets.append(std::istreambuf_iterator<char>(file), {});
    }
    return octets;
  }
  void put_back(const std::string& octets) {
    close();
    for (const char* suffix : {"-wal", "-shm"}) fs::remove(database().string() + suffix);
    std::ofstream(database(), std::ios::binary | std::ios::trunc) << octets;
  }
  KeyView added(const std::string& label) {
    auto key = add("gemini", kGemini, {}, label);
    EXPECT_TRUE(key) << key.error().message;
    return *key;
  }
  std::string state_of(KeyId id) { return vault->show_key(kOperator, id)->state; }

  NotedAnchor place;
};

TEST_F(Rollback, L2_ten_thousand_older_ones_are_none_accepted) {
  // Every state of a history of changes, with the anchor of its time...
  std::vector<AnchoredState> states;
  std::vector<std::string> anchors;
  for (int i = 0; i < 150; ++i) {
    const KeyView key = added("number-" + std::to_string(i));
    if (i % 3 == 0) ASSERT_TRUE(run(vault->revoke_key(kOperator, key.id)));
    ASSERT_TRUE(vault->anchor_newest());
    const auto state = read_anchor(*store, *place.text, "the anchor");
    ASSERT_TRUE(state);
    ASSERT_EQ(state->revision, store->durable().revision);
    states.push_back(*state);
    anchors.push_back(*place.text);
  }
  // ... any of which may be put beside any later anchor.
  std::mt19937 chance(1);  // NOLINT: the same tests each time
  int older = 0;
  int accepted = 0;
  while (older < 10'000) {
    const std::size_t database = chance() % states.size();
    const std::size_t newest = chance() % states.size();
    const auto anchored = read_anchor(*store, anchors[newest], "the anchor");
    ASSERT_TRUE(anchored);
    const auto standing = standing_of(states[database], *anchored);
    if (database == newest) EXPECT_EQ(standing, AnchorStanding::Same);
    if (database > newest) EXPECT_EQ(standing, AnchorStanding::Newer);
    if (database >= newest) continue;
    ++older;
    if (standing == AnchorStanding::Same || standing == AnchorStanding::Newer) ++accepted;
    // As long a history of another copy is not the anchored one either.
    AnchoredState other = *anchored;
    other.digest = states[database].digest;
    EXPECT_EQ(standing_of(other, *anchored), AnchorStanding::Another);
  }
  EXPECT_EQ(accepted, 0);
}

TEST_F(Rollback, I10_L2_older_databases_do_not_open_and_change_nothing) {
  std::vector<std::string> copies;
  std::vector<KeyId> keys;
  for (int i = 0; i < 8; ++i) {
    keys.push_back(added("number-" + std::to_string(i)).id);
    ASSERT_TRUE(run(vault->revoke_key(kOperator, keys.back())));
    copies.push_back(content());
    open();
  }
  const std::string anchored = *place.text;
  for (std::size_t i = 0; i + 1 < copies.size(); ++i) {
    put_back(copies[i]);
    const auto status = try_open();
    EXPECT_CODE(status, Code::Sealed);
    EXPECT_EQ(status.error().reason, "database_older");
    EXPECT_EQ(content(), copies[i]);
    EXPECT_EQ(*place.text, anchored);
  }
  put_back(copies.back());
  open();
}

TEST_F(Rollback, I10_what_is_accepted_loses_again_what_the_record_says_was_taken_away) {
  const KeyView gone = added("gone");
  const KeyView turned = added("turned");
  const KeyView alive = added("alive");
  const auto session = start("alice", {"gemini:alive"});
  ASSERT_TRUE(session) << session.error().message;
  const std::string before = content();
  open();
  ASSERT_TRUE(run(vault->revoke_key(kOperator, gone.id)));
  ASSERT_TRUE(vault->rotate_key(kOperator, turned.id, secret(kGemini)));
  ASSERT_TRUE(run(vault->remove_member(kOperator, "acme", "bob")));
  put_back(before);
  accepts_rollback = true;
  open();
  EXPECT_EQ(state_of(gone.id), "revoked");
  EXPECT_EQ(state_of(turned.id), "revoked") << "its old value would be back";
  EXPECT_EQ(state_of(alive.id), "active");
  EXPECT_CODE(use(session->passes.front()), Code::Revoked);
  EXPECT_FALSE(vault->may_continue(session->session.id, alive.id));
  EXPECT_CODE(start("bob", {"gemini:alive"}), Code::NotFound);
  EXPECT_TRUE(start("alice", {"gemini:alive"}));
  accepts_rollback = false;
  reopen();
  EXPECT_EQ(std::ranges::count(actions(), "rollback.accept done"), 1);
}

TEST_F(Rollback, I10_a_password_that_was_changed_since_lets_nobody_in) {
  const auto derived = [](std::string_view of) { return Secret(crypto::sha256(bytes_of(of))); };
  const auto choose = [&](std::string_view password) {
    const auto invited = vault->invite(kOperator, "acme", "alice");
    const auto hash = crypto::sha256(bytes_of(invited->invitation));
    const auto task = vault->begin_password(hash);
    ASSERT_TRUE(vault->use_invitation(hash, {}, *task, derived(password), ""));
  };
  const auto fits = [&](std::string_view password) {
    const auto task = vault->begin_sign_in("acme", "alice");
    return vault->finish_sign_in(*task, derived(password), Secret(), "").has_value();
  };
  choose("first");
  const std::string before = content();
  open();
  clock.advance(std::chrono::seconds(1));
  choose("second");
  put_back(before);
  accepts_rollback = true;
  open();
  EXPECT_FALSE(fits("first"));
  choose("third");
  const std::string newest = content();
  put_back(newest);
  open();
  EXPECT_TRUE(fits("third")) << "nothing was set after it";
}

TEST_F(Rollback, I10_passkeys_that_were_taken_away_since_let_nobody_in) {
  // Rows as a registration leaves them; what an authenticator makes is tested elsewhere.
  const auto alice = vault->list_members(kOperator, "acme")->front();
  const auto tenant = vault->list_tenants(kOperator)->front();
  store::Passkey row;
  row.tenant = tenant.id;
  row.member = alice.id;
  row.name = "a key";
  row.public_key = ByteVector(77, 1);
  row.created = to_micros(clock.wall());
  Standing standing;
  standing.tenant = tenant.id;
  standing.member = alice.id;
  const Actor actor = Actor::in_tenant("member " + alice.id.text(), standing);
  const auto put = [&] {
    row.id = crypto::random_id<PasskeyId>();
    row.credential = ByteVector(row.id.bytes().begin(), row.id.bytes().end());
    ASSERT_TRUE(store->transact([&] { return store->insert(row); }));
  };
  put();
  put();
  const std::string before = content();
  open();
  ASSERT_EQ(vault->list_passkeys(actor)->size(), 2U);
  ASSERT_TRUE(vault->remove_passkey(actor, vault->list_passkeys(actor)->front().id));
  const auto left = vault->list_passkeys(actor)->front().id;
  put_back(before);
  accepts_rollback = true;
  open();
  ASSERT_EQ(vault->list_passkeys(actor)->size(), 1U);
  EXPECT_EQ(vault->list_passkeys(actor)->front().id, left);
}

TEST_F(Rollback, I10_accounts_at_providers_that_were_taken_away_since_let_nobody_in) {
  // Rows as a sign-in leaves them; what a provider says is tested elsewhere.
  const auto alice = vault->list_members(kOperator, "acme")->front();
  const auto tenant = vault->list_tenants(kOperator)->front();
  const auto row_of = [&](const std::string& name) {
    store::IdentityProvider row;
    row.id = crypto::random_id<IdentityProviderId>();
    row.tenant = tenant.id;
    row.name = name;
    row.issuer = "https://" + name + ".test";
    return row;
  };
  const store::IdentityProvider stays = row_of("stays");
  const store::IdentityProvider goes = row_of("goes");
  const auto put = [&](const store::IdentityProvider& provider, const std::string& subject) {
    const store::Identity row{crypto::random_id<IdentityId>(),
                              provider.id,
                              subject,
                              tenant.id,
                              alice.id,
                              to_micros(clock.wall()),
                              0};
    EXPECT_TRUE(store->transact([&] { return store->insert(row); }));
    return row.id;
  };
  ASSERT_TRUE(store->transact([&]() -> Status {
    STRONGROOM_CHECKED(store->insert(stays));
    return store->insert(goes);
  }));
  const IdentityId unlinked = put(stays, "unlinked");
  const IdentityId kept = put(stays, "kept");
  put(goes, "of one that goes");
  const std::string before = content();
  open();
  ASSERT_EQ(vault->list_identities(kOperator, "acme")->size(), 3U);
  ASSERT_TRUE(vault->remove_identity(kOperator, unlinked));
  ASSERT_TRUE(vault->remove_identity_provider(kOperator, "acme", "goes"));
  put_back(before);
  accepts_rollback = true;
  open();
  const auto left = vault->list_identities(kOperator, "acme");
  ASSERT_TRUE(left) << left.error().message;
  ASSERT_EQ(left->size(), 1U);
  EXPECT_EQ(left->front().id, kept);
  const auto providers = vault->list_identity_providers(kOperator, "acme");
  ASSERT_EQ(providers->size(), 1U);
  EXPECT_EQ(providers->front().name, "stays");
}

TEST_F(Rollback, I10_what_a_provider_has_withheld_since_is_withheld_again_and_its_token_is_gone) {
  const auto tenant = vault->list_tenants(kOperator)->front();
  store::IdentityProvider provider;
  provider.id = crypto::random_id<IdentityProviderId>();
  provider.tenant = tenant.id;
  provider.name = "corp";
  provider.issuer = "https://corp.test";
  provider.roles = R"({"engineering":"member"})";
  ASSERT_TRUE(store->transact([&] { return store->insert(provider); }));
  const auto issued = vault->begin_provisioning(kOperator, "acme", "corp");
  ASSERT_TRUE(issued) << issued.error().message;
  const auto hash = crypto::sha256(bytes_of(issued->token));
  const Provisioner who{provider.id, tenant.id};
  const auto user = run(vault->put_provisioned_user(who, {}, {"ann", "u-1", true, "{}", {}}));
  ASSERT_TRUE(user) << user.error().message;
  const auto group = run(vault->put_provisioned_group(who, {}, {"engineering", "", {*user}, {}}));
  ASSERT_TRUE(group) << group.error().message;
  const std::string before = content();
  open();
  ASSERT_TRUE(vault->provisioner_of(hash));
  ASSERT_TRUE(run(vault->put_provisioned_group(who, *group, {"engineering", "", {}, {}})));
  ASSERT_TRUE(vault->begin_provisioning(kOperator, "acme", "corp"));
  put_back(before);
  accepts_rollback = true;
  open();
  EXPECT_CODE(vault->provisioner_of(hash), Code::Unauthorized);
  const auto row = store->find<store::ProvisionedUser>({{"id", store::to_value(*user)}});
  ASSERT_TRUE(row && *row);
  EXPECT_EQ((*row)->withheld, 1);
}

TEST_F(Rollback, AnEndAtAnyMomentLeavesADatabaseAsNewAsItsAnchor) {
  const KeyView key = added("one");
  place.writes_left = 0;  // the process ends after the change is stored, before it is anchored
  EXPECT_CODE(run(vault->revoke_key(kOperator, key.id)), Code::Storage);
  place.writes_left = -1;
  reopen();
  EXPECT_EQ(state_of(key.id), "revoked");
  // An installation's first start, ended after each of its steps.
  for (int writes = 0; writes < 3; ++writes) {
    close();
    for (const char* name : {"strongroom.db", "strongroom.db-wal", "strongroom.db-shm"})
      fs::remove(fs::path(folder) / name);
    fs::remove_all(folder + "/audit");
    place.text.reset();
    place.writes_left = writes;
    EXPECT_EQ(try_open().has_value(), writes == 2) << writes;
    place.writes_left = -1;
    reopen();
    reopen();
  }
}

TEST_F(Rollback, WhileTheAnchorCannotFollowOnlyWhatTakesAwayGoesOn) {
  const KeyView key = added("one");
  place.writes_left = 0;
  const auto revoked = run(vault->revoke_key(kOperator, key.id));
  EXPECT_CODE(revoked, Code::Storage);
  EXPECT_EQ(revoked.error().reason, "not_anchored");
  EXPECT_EQ(state_of(key.id), "revoked");
  EXPECT_FALSE(fences.fenced.empty());
  EXPECT_FALSE(vault->anchor_health());
  EXPECT_CODE(add("gemini", kGemini, {}, "two"), Code::Storage);
  place.writes_left = -1;
  EXPECT_TRUE(add("gemini", kGemini, {}, "two"));
  EXPECT_TRUE(vault->anchor_health());
}

TEST_F(Rollback, OnlyWhatTakesAwayIsWaitedFor) {
  ASSERT_TRUE(vault->anchor_newest());
  const int before = place.writes;
  const KeyView key = added("one");
  EXPECT_EQ(place.writes, before);
  ASSERT_TRUE(run(vault->revoke_key(kOperator, key.id)));
  EXPECT_EQ(place.writes, before + 1) << "one for the revoke and its receipt";
  ASSERT_TRUE(vault->anchor_newest());
  EXPECT_EQ(place.writes, before + 1);
}

}  // namespace
}  // namespace strongroom::vault
