// What the store's tests share: a folder of their own, and two rows of every type.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>

#include "crypto/crypto.h"
#include "store/store.h"

namespace strongroom::store {

/// Two rows of every type, the second of another tenant where there is one.
struct Rows {
  Rows() {
    for (std::size_t i = 0; i < 2; ++i) fill(i, std::to_string(i));
    keys[1].home = 2;
    keys[1].owner = members[1].id;
    policies[1].key = keys[1].id;
  }

  /// Calls each(rows of one type), parents before children.
  template <class Each>
  void each(Each&& call) const {
    call(seals);
    call(root_secrets);
    call(installation);
    call(tenants);
    call(epochs);
    call(members);
    call(keys);
    call(versions);
    call(skills);
    call(sessions);
    call(grants);
    call(receipts);
    call(policies);
    call(spending);
    call(policy_guards);
    call(session_terms);
    call(dynamics);
    call(tickets);
    call(tokens);
    call(passwords);
    call(second_factors);
    call(passkeys);
    call(sign_ins);
    call(invitations);
    call(runner_credentials);
    call(healths);
    call(notices);
    call(oauth_clients);
    call(oauth_grants);
    call(destructions);
    call(identity_providers);
    call(identities);
    call(provisionings);
    call(provisioned_users);
    call(provisioned_groups);
    call(provisioned_memberships);
    call(provider_sign_ins);
  }

  Status insert_into(Store& store) const {
    return store.transact([&]() -> Status {
      Status status;
      each([&](const auto& rows) {
        for (const auto& row : rows)
          if (status) status = store.insert(row);
      });
      return status;
    });
  }

  std::array<Seal, 2> seals;
  std::array<RootSecret, 2> root_secrets;
  std::array<Installation, 2> installation;
  std::array<Tenant, 2> tenants;
  std::array<Epoch, 2> epochs;
  std::array<Member, 2> members;
  std::array<Key, 2> keys;
  std::array<KeyVersion, 2> versions;
  std::array<Skill, 2> skills;
  std::array<Session, 2> sessions;
  std::array<Grant, 2> grants;
  std::array<Receipt, 2> receipts;
  std::array<Policy, 2> policies;
  std::array<Spending, 2> spending;
  std::array<PolicyGuard, 2> policy_guards;
  std::array<SessionTerms, 2> session_terms;
  std::array<Dynamic, 2> dynamics;
  std::array<Ticket, 2> tickets;
  std::array<Token, 2> tokens;
  std::array<Password, 2> passwords;
  std::array<SecondFactor, 2> second_factors;
  std::array<Passkey, 2> passkeys;
  std::array<SignIn, 2> sign_ins;
  std::array<Invitation, 2> invitations;
  std::array<RunnerCredential, 2> runner_credentials;
  std::array<Health, 2> healths;
  std::array<Notice, 2> notices;
  std::array<OAuthClient, 2> oauth_clients;
  std::array<OAuthGrant, 2> oauth_grants;
  std::array<Destruction, 2> destructions;
  std::array<IdentityProvider, 2> identity_providers;
  std::array<Identity, 2> identities;
  std::array<Provisioning, 2> provisionings;
  std::array<ProvisionedUser, 2> provisioned_users;
  std::array<ProvisionedGroup, 2> provisioned_groups;
  std::array<ProvisionedMembership, 2> provisioned_memberships;
  std::array<ProviderSignIn, 2> provider_sign_ins;

 private:
  static ByteVector octets(std::size_t size) {
    ByteVector out(size);
    crypto::random(out);
    return out;
  }
  template <class AnyId>
  static void make(AnyId& id) {
    id = crypto::random_id<AnyId>();
  }

  void fill(std::size_t i, const std::string& n) {
    const auto at = static_cast<std::int64_t>(i);
    make(seals[i].id);
    make(tenants[i].id);
    make(members[i].id);
    make(keys[i].id);
    make(skills[i].id);
    make(sessions[i].id);
    make(grants[i].id);
    make(receipts[i].id);
    make(policies[i].id);
    const TenantId tenant = tenants[i].id;
    seals[i] = {seals[i].id, "file", "{}", octets(20), 1000 + at};
    root_secrets[i] = {"secret" + n, octets(20)};
    installation[i] = {"name" + n, octets(20)};
    tenants[i] = {tenant, "tenant" + n, "active", octets(20), 2000 + at};
    epochs[i] = {tenant, 1 + at, octets(20), 3000 + at};
    members[i] = {members[i].id, tenant,   "member" + n, i == 0 ? "owner" : "member",
                  "active",      4000 + at};
    keys[i] = {keys[i].id, tenant, "gemini",  "label" + n, 1,         1,   std::nullopt,
               "active",   1 + at, 5000 + at, 6000 + at,   "abc" + n, "{}"};
    versions[i] = {keys[i].id, 1 + at, 1 + at, octets(20), 7000 + at, 8000 + at};
    skills[i] = {skills[i].id, tenant, "skill" + n, "[\"gemini\"]", 9000 + at};
    sessions[i] = {sessions[i].id, tenant, members[i].id, "open",   "process",
                   10000 + at,     at,     11000 + at,    "why" + n};
    grants[i] = {grants[i].id, sessions[i].id, keys[i].id, "gemini", "label" + n, octets(32)};
    receipts[i] = {receipts[i].id, tenant, keys[i].id.text(), "{\"n\":" + n + "}", 12000 + at};
    policies[i] = {policies[i].id,
                   tenant,
                   "gemini",
                   std::nullopt,
                   "[\"* /a" + n + "\"]",
                   "[\"* /b" + n + "\"]",
                   10 + at,
                   20 + at,
                   30 + at,
                   "tokens" + n,
                   40 + at,
                   "[\"a" + n + ".example:443\"]",
                   13000 + at};
    spending[i] = {policies[i].id, 20000 + at, 50 + at, 60 + at};
    dynamics[i] = {crypto::random_id<DynamicId>(),
                   sessions[i].id,
                   keys[i].id,
                   "role" + n,
                   i == 0 ? "minting" : "live",
                   "reference" + n,
                   octets(20),
                   octets(20),
                   at,
                   at};
    tickets[i] = {crypto::random_id<TicketId>(),
                  tenant,
                  members[i].id,
                  octets(32),
                  "{\"services\":[\"s" + n + "\"]}",
                  14000 + at,
                  15000 + at,
                  at,
                  i == 0 ? std::nullopt : std::optional(sessions[i].id)};
    tokens[i] = {crypto::random_id<TokenId>(),
                 tenant,
                 i == 0 ? std::nullopt : std::optional(members[i].id),
                 "token" + n,
                 i == 0 ? "admin" : "",
                 i == 0 ? "all" : "read",
                 0,
                 octets(32),
                 i == 0 ? "active" : "revoked",
                 16000 + at,
                 17000 + at,
                 18000 + at};
    runner_credentials[i] = {sessions[i].id, octets(32)};
    healths[i] = {"key_" + n, 1 - at, "expiring"};
    notices[i] = {
        crypto::random_id<NoticeId>(), "https://hook" + n, "{}", 19000 + at, at, 20000 + at};
    oauth_clients[i] = {"service" + n, "github",           "https://issuer" + n,    "id" + n,
                        octets(40),    "[\"a" + n + "\"]", "{\"n\":\"" + n + "\"}", 31000 + at,
                        32000 + at};
    identity_providers[i] = {crypto::random_id<IdentityProviderId>(),
                             tenants[i].id,
                             "provider" + n,
                             "https://issuer" + n,
                             "id" + n,
                             {1, 2},
                             "[]",
                             "groups" + n,
                             "{}",
                             "member",
                             "[]",
                             "{}",
                             1,
                             1};
    identities[i] = {crypto::random_id<IdentityId>(),
                     identity_providers[i].id,
                     "subject" + n,
                     tenants[i].id,
                     members[i].id,
                     1,
                     1};
    provisionings[i] = {identity_providers[i].id, tenants[i].id, octets(32), 36000 + at,
                        37000 + at};
    provisioned_users[i] = {crypto::random_id<ProvisionedUserId>(),
                            identity_providers[i].id,
                            tenants[i].id,
                            "user" + n,
                            "external" + n,
                            at,
                            1 - at,
                            members[i].id,
                            "{\"n\":" + n + "}",
                            1 + at,
                            38000 + at,
                            39000 + at};
    provisioned_groups[i] = {crypto::random_id<ProvisionedGroupId>(),
                             identity_providers[i].id,
                             tenants[i].id,
                             "group" + n,
                             "external" + n,
                             1 + at,
                             40000 + at,
                             41000 + at};
    provisioned_memberships[i] = {provisioned_groups[i].id, provisioned_users[i].id};
    oauth_grants[i] = {crypto::random_id<DynamicId>(),
                       keys[i].id,
                       oauth_clients[i].name,
                       i == 0 ? "live" : "owed",
                       octets(60),
                       octets(50),
                       33000 + at,
                       34000 + at,
                       35000 + at};
    destructions[i] = {
        crypto::random_id<DynamicId>(), keys[i].id, "owed", octets(60), 42000 + at, 43000 + at};
    passwords[i] = {members[i].id, "{\"passes\":" + n + "}", octets(16), octets(32), 19000 + at};
    second_factors[i] = {members[i].id, octets(60), octets(64), 25000 + at, 26000 + at, 27000 + at};
    passkeys[i] = {crypto::random_id<PasskeyId>(),
                   tenant,
                   members[i].id,
                   "passkey" + n,
                   octets(32),
                   octets(77),
                   28000 + at,
                   1 - at,
                   29000 + at,
                   30000 + at};
    sign_ins[i] = {crypto::random_id<SignInId>(),
                   tenant,
                   members[i].id,
                   octets(32),
                   octets(32),
                   "from" + n,
                   20000 + at,
                   21000 + at,
                   22000 + at};
    provider_sign_ins[i] = {sign_ins[i].id, identity_providers[i].id, "subject" + n, "session" + n};
    invitations[i] = {crypto::random_id<InvitationId>(),
                      tenant,
                      members[i].id,
                      octets(32),
                      at,
                      23000 + at,
                      24000 + at};
    policy_guards[i] = {policies[i].id, "[\"* /c" + n + "\"]", at, 1 - at};
    session_terms[i] = {sessions[i].id, 70 + at, "{\"run\":\"" + n + "\"}"};
  }
};

class StoreFixture : public ::testing::Test {
 protected:
  StoreFixture() {
    std::string name =
        (std::filesystem::temp_directory_path() / "strongroom-store-XXXXXX").string();
    EXPECT_NE(::mkdtemp(name.data()), nullptr);
    folder = name;
    path = folder + "/strongroom.db";
  }
  ~StoreFixture() override { std::filesystem::remove_all(folder); }

  static Secret row_key(std::uint8_t fill = 7) { return Secret(ByteVector(32, fill)); }

  /// Opened, unlocked and verified.
  static Result<std::unique_ptr<Store>> open_at(const std::string& file) {
    STRONGROOM_TRY(auto store, open_sqlite(file));
    store->unlock(row_key());
    STRONGROOM_CHECKED(store->verify_all());
    return store;
  }
  [[nodiscard]] std::unique_ptr<Store> open() const {
    auto store = open_at(path);
    EXPECT_TRUE(store) << store.error().message;
    return store ? std::move(*store) : nullptr;
  }

  std::string folder;
  std::string path;
};

}  // namespace strongroom::store
