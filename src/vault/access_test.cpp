// Who may do what: every role, other members, other tenants (threats H9).
// SPDX-License-Identifier: Apache-2.0
#include "vault/fixture_for_test.h"

namespace strongroom::vault {
namespace {

class AccessTest : public VaultFixture {
 protected:
  AccessTest() {
    make_acme();
    EXPECT_TRUE(vault->add_member(kOperator, "acme", "adam", "admin"));
    EXPECT_TRUE(vault->add_member(kOperator, "acme", "carol", "member"));
    EXPECT_TRUE(vault->add_member(kOperator, "acme", "otto", "auditor"));
    EXPECT_TRUE(vault->add_tenant(kOperator, "globex"));
    EXPECT_TRUE(vault->add_member(kOperator, "globex", "gus", "owner"));
  }

  /// Whoever has a token of this member.
  Actor as(const std::string& member, const std::string& tenant = "acme",
           const std::string& scope = "all") {
    NewToken wanted;
    wanted.tenant = tenant;
    wanted.member = member;
    wanted.name = "test";
    wanted.scope = scope;
    return by(wanted);
  }
  Actor machine(const std::string& role, bool for_any_member = false) {
    NewToken wanted;
    wanted.tenant = "acme";
    wanted.name = "machine";
    wanted.role = role;
    wanted.for_any_member = for_any_member;
    return by(wanted);
  }
  Actor by(const NewToken& wanted) {
    const auto issued = vault->add_token(kOperator, wanted);
    EXPECT_TRUE(issued) << issued.error().message;
    return *vault->actor_of_token(crypto::sha256(bytes_of(issued->token)));
  }
  Result<KeyView> add_as(const Actor& actor, const std::string& service, const std::string& member,
                         const std::string& label = "default") {
    NewKey key;
    key.tenant = "acme";
    key.service = service;
    key.label = label;
    key.member = member;
    return vault->add_key(actor, key, secret("AIza-a-value-of-some-length-0123456789"));
  }
  Result<StartedSession> start_as(const Actor& actor, const std::string& member) {
    SessionRequest request;
    request.tenant = "acme";
    request.member = member;
    request.services = {"gemini"};
    return vault->start_session(actor, request);
  }
};

TEST_F(AccessTest, SkillSecretsAreForWhoAdministers) {
  for (const char* name : {"bob", "adam"})
    EXPECT_TRUE(add_as(as(name), "gemini", "", name)) << name;
  for (const char* name : {"alice", "otto"})
    EXPECT_CODE(add_as(as(name), "gemini", "", name), Code::Refused);
  const auto key = vault->list_keys(kOperator, "acme")->front();
  for (const char* name : {"alice", "otto"}) {
    EXPECT_TRUE(vault->show_key(as(name), key.id)) << "everybody sees what there is";
    EXPECT_CODE(vault->rotate_key(as(name), key.id, secret("AIza-another-value-0123456789")),
                Code::Refused);
    EXPECT_CODE(vault->open_for_check(as(name), key.id), Code::Refused);
    EXPECT_CODE(run(vault->revoke_key(as(name), key.id)), Code::Refused);
  }
  EXPECT_EQ(vault->show_key(kOperator, key.id)->state, "active");
}

TEST_F(AccessTest, H9AnIntegrationIsItsMembersAlone) {
  const auto key = add_as(as("alice"), "github", "alice");
  ASSERT_TRUE(key) << key.error().message;
  for (const char* name : {"bob", "adam", "carol", "otto"}) {
    EXPECT_CODE(add_as(as(name), "github", "alice", "mine"), Code::Refused);
    EXPECT_FALSE(vault->rotate_key(as(name), key->id, secret("ghp_another-value-0123456789")));
    EXPECT_FALSE(vault->open_for_check(as(name), key->id));
    EXPECT_FALSE(start_as(as(name), "alice"));
  }
  EXPECT_CODE(vault->show_key(as("carol"), key->id), Code::NotFound);
  EXPECT_TRUE(vault->list_keys(as("carol"), "acme")->empty());
  EXPECT_CODE(run(vault->revoke_key(as("carol"), key->id)), Code::NotFound);
  EXPECT_CODE(run(vault->revoke_key(as("otto"), key->id)), Code::Refused);
  EXPECT_TRUE(vault->show_key(as("otto"), key->id)) << "that there is one, not what it is";
  EXPECT_TRUE(vault->rotate_key(as("alice"), key->id, secret("ghp_another-value-0123456789")));
  EXPECT_TRUE(run(vault->revoke_key(as("bob"), key->id))) << "an owner can switch it off";
}

TEST_F(AccessTest, H9NothingOfAnotherTenantIsThere) {
  const auto key = add_as(kOperator, "gemini", "");
  const auto started = start_as(kOperator, "alice");
  ASSERT_TRUE(started);
  const auto receipt = run(vault->revoke_key(kOperator, add_as(kOperator, "github", "alice")->id));
  const Actor gus = as("gus", "globex");
  EXPECT_EQ(vault->list_tenants(gus)->size(), 1U);
  EXPECT_EQ(vault->list_members(gus, "")->size(), 1U);
  EXPECT_TRUE(vault->list_keys(gus, "")->empty());
  EXPECT_TRUE(vault->list_sessions(gus, {})->empty());
  EXPECT_TRUE(vault->list_receipts(gus)->empty());
  EXPECT_TRUE(vault->list_tokens(gus, "")->size() == 1U) << "his own";
  for (const char* tenant : {"acme", "nowhere"}) {
    EXPECT_CODE(vault->list_members(gus, tenant), Code::NotFound);
    EXPECT_CODE(vault->list_keys(gus, tenant), Code::NotFound);
    EXPECT_CODE(vault->list_skills(gus, tenant), Code::NotFound);
    EXPECT_CODE(vault->list_policies(gus, tenant), Code::NotFound);
    EXPECT_CODE(vault->list_tickets(gus, tenant), Code::NotFound);
    EXPECT_CODE(vault->list_tokens(gus, tenant), Code::NotFound);
    EXPECT_CODE(vault->add_member(gus, tenant, "eve", "owner"), Code::NotFound);
    EXPECT_CODE(vault->add_skill(gus, tenant, "eve", {"gemini"}), Code::NotFound);
    EXPECT_CODE(run(vault->remove_member(gus, tenant, "alice")), Code::NotFound);
  }
  EXPECT_CODE(vault->show_key(gus, key->id), Code::NotFound);
  EXPECT_CODE(run(vault->revoke_key(gus, key->id)), Code::NotFound);
  EXPECT_CODE(vault->rotate_key(gus, key->id, secret("AIza-another-0123456789")), Code::NotFound);
  EXPECT_CODE(vault->show_session(gus, started->session.id), Code::NotFound);
  EXPECT_CODE(run(vault->end_session(gus, started->session.id, "x")), Code::NotFound);
  EXPECT_CODE(vault->show_receipt(gus, receipt->id), Code::NotFound);
  EXPECT_CODE(start_as(gus, "alice"), Code::NotFound);
  EXPECT_EQ(vault->show_key(gus, key->id).error().message,
            "There is no key " + key->id.text() + ".");
}

TEST_F(AccessTest, SessionsRunOnOnesOwnBehalf) {
  ASSERT_TRUE(add_as(kOperator, "gemini", ""));
  const auto own = start_as(as("alice"), "alice");
  ASSERT_TRUE(own) << own.error().message;
  EXPECT_CODE(start_as(as("otto"), "otto"), Code::Refused);
  EXPECT_EQ(start_as(as("bob"), "alice").error().reason, "not_on_your_behalf");
  EXPECT_CODE(start_as(machine("admin"), "alice"), Code::Refused);
  EXPECT_TRUE(start_as(machine("member", true), "alice"));
  EXPECT_CODE(vault->show_session(as("carol"), own->session.id), Code::NotFound);
  EXPECT_EQ(vault->list_sessions(as("alice"), {})->size(), 2U);
  EXPECT_TRUE(vault->list_sessions(as("carol"), {})->empty());
  EXPECT_EQ(vault->list_sessions(as("otto"), {})->size(), 2U);
  EXPECT_CODE(run(vault->end_session(as("otto"), own->session.id, "x")), Code::Refused);
  EXPECT_TRUE(run(vault->end_session(as("adam"), own->session.id, "enough")));
}

TEST_F(AccessTest, OwnersMakeOwners) {
  EXPECT_CODE(vault->add_member(as("adam"), "acme", "eve", "owner"), Code::Refused);
  EXPECT_CODE(run(vault->remove_member(as("adam"), "acme", "bob")), Code::Refused);
  EXPECT_CODE(vault->add_member(as("alice"), "acme", "eve", "member"), Code::Refused);
  EXPECT_TRUE(vault->add_member(as("adam"), "acme", "eve", "admin"));
  EXPECT_TRUE(vault->add_member(as("bob"), "acme", "olga", "owner"));
  for (const char* name : {"bob", "adam", "alice", "otto"}) {
    EXPECT_CODE(vault->add_tenant(as(name), "initech"), Code::Refused);
    EXPECT_CODE(run(vault->remove_tenant(as(name), "acme")), Code::Refused);
    EXPECT_CODE(vault->open_for_scan(as(name), "acme"), Code::Refused);
  }
}

TEST_F(AccessTest, AScopeLeavesLess) {
  ASSERT_TRUE(add_as(kOperator, "gemini", ""));
  const Actor reader = as("bob", "acme", "read");
  EXPECT_EQ(vault->list_keys(reader, "acme")->size(), 1U);
  EXPECT_CODE(add_as(reader, "gemini", "", "other"), Code::Refused);
  EXPECT_CODE(start_as(reader, "bob"), Code::Refused);
  const Actor runner = as("bob", "acme", "sessions");
  EXPECT_CODE(add_as(runner, "gemini", "", "other"), Code::Refused);
  EXPECT_CODE(vault->list_receipts(runner), Code::Refused);
  const auto started = start_as(runner, "bob");
  ASSERT_TRUE(started);
  EXPECT_TRUE(run(vault->end_session(runner, started->session.id, "done")));
}

TEST_F(AccessTest, H1TokensActForWhomTheyAreAndNoLonger) {
  NewToken wanted;
  wanted.tenant = "acme";
  wanted.member = "alice";
  wanted.name = "laptop";
  const auto issued = vault->add_token(kOperator, wanted);
  ASSERT_TRUE(issued);
  const auto hash = crypto::sha256(bytes_of(issued->token));
  ASSERT_TRUE(vault->actor_of_token(hash));
  // A token makes no tokens.
  EXPECT_CODE(vault->add_token(*vault->actor_of_token(hash), wanted), Code::Refused);
  EXPECT_CODE(vault->revoke_token(as("carol"), issued->view.id), Code::NotFound);
  EXPECT_CODE(vault->revoke_token(as("otto"), issued->view.id), Code::Refused);
  reopen();
  ASSERT_TRUE(vault->actor_of_token(hash));
  ASSERT_TRUE(vault->revoke_token(as("alice"), issued->view.id));
  EXPECT_CODE(vault->actor_of_token(hash), Code::Unauthorized);
  EXPECT_TRUE(vault->revoke_token(as("alice"), issued->view.id)) << "twice is once";

  const auto of_leaver = vault->add_token(kOperator, wanted);
  const auto leaver = crypto::sha256(bytes_of(of_leaver->token));
  ASSERT_TRUE(run(vault->remove_member(kOperator, "acme", "alice")));
  EXPECT_CODE(vault->actor_of_token(leaver), Code::Unauthorized);

  wanted.member = "carol";
  wanted.valid = std::chrono::hours(1);
  const auto brief = vault->add_token(kOperator, wanted);
  const auto brief_hash = crypto::sha256(bytes_of(brief->token));
  clock.advance(std::chrono::minutes(59));
  EXPECT_TRUE(vault->actor_of_token(brief_hash));
  clock.advance(std::chrono::minutes(2));
  EXPECT_CODE(vault->actor_of_token(brief_hash), Code::Unauthorized);
}

TEST_F(AccessTest, WhatNoTokenMayBe) {
  NewToken owner;
  owner.tenant = "acme";
  owner.name = "x";
  owner.role = "owner";
  EXPECT_CODE(vault->add_token(kOperator, owner), Code::Invalid);
  NewToken both = owner;
  both.role = "admin";
  both.member = "alice";
  EXPECT_CODE(vault->add_token(kOperator, both), Code::Invalid);
  NewToken scope = owner;
  scope.role = "admin";
  scope.scope = "everything";
  EXPECT_CODE(vault->add_token(kOperator, scope), Code::Invalid);
  NewToken forever = owner;
  forever.role = "admin";
  forever.valid = kLongestToken + std::chrono::seconds(1);
  EXPECT_CODE(vault->add_token(kOperator, forever), Code::Invalid);
}

}  // namespace
}  // namespace strongroom::vault
