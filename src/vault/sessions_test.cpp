// SPDX-License-Identifier: Apache-2.0
#include "vault/fixture_for_test.h"

namespace strongroom::vault {
namespace {

constexpr std::string_view kShared = "AIzaSyShared-0123456789-abcdefghijkl";
constexpr std::string_view kOwn = "AIzaSyAlice-0123456789-abcdefghijklm";
constexpr std::string_view kToken = "ghp_abcdefghijklmnopqrstuvwxyz0123456789";

class Sessions : public VaultFixture {
 protected:
  Sessions() { make_acme(); }
};

TEST_F(Sessions, TheMembersOwnKeyComesFirst) {
  ASSERT_TRUE(add("gemini", kShared));
  ASSERT_TRUE(add("gemini", kOwn, "alice"));
  const auto alice = start("alice", {"gemini"});
  const auto bob = start("bob", {"gemini"});
  ASSERT_TRUE(alice && bob);
  EXPECT_EQ(reveal(use(alice->passes.at(0))->value), kOwn);
  EXPECT_EQ(reveal(use(bob->passes.at(0))->value), kShared);
}

TEST_F(Sessions, AnotherMembersIntegrationNeverServes) {
  ASSERT_TRUE(add("github", kToken, "alice"));
  EXPECT_TRUE(start("alice", {"github"}));
  EXPECT_CODE(start("bob", {"github"}), Code::NotFound);  // an owner, and still
}

TEST_F(Sessions, LabelsChooseAmongSeveral) {
  ASSERT_TRUE(add("gemini", kShared, "", "first"));
  const auto only = start("alice", {"gemini"});
  ASSERT_TRUE(only);
  EXPECT_EQ(only->passes.at(0).label, "first");
  ASSERT_TRUE(add("gemini", kShared, "", "second"));
  EXPECT_CODE(start("alice", {"gemini"}), Code::Invalid);
  const auto named = start("alice", {"gemini:second", "gemini:first", "gemini:second"});
  ASSERT_TRUE(named);
  EXPECT_EQ(named->passes.size(), 2U);
  EXPECT_CODE(start("alice", {"gemini:third"}), Code::NotFound);
}

TEST_F(Sessions, SkillsExpandAndNothingElseIsGranted) {
  ASSERT_TRUE(add("gemini", kShared));
  ASSERT_TRUE(add("elevenlabs", "sk_0123456789012345678901234567890123456789"));
  ASSERT_TRUE(add("openai", "sk-0123456789012345678901234567890123456789"));
  ASSERT_TRUE(add("github", kToken, "alice"));
  ASSERT_TRUE(vault->add_skill(kOperator, "acme", "narrate", {"elevenlabs", "gemini"}));
  EXPECT_CODE(vault->add_skill(kOperator, "acme", "narrate", {"gemini"}), Code::Conflict);
  EXPECT_CODE(vault->add_skill(kOperator, "acme", "other", {"no-such"}), Code::NotFound);
  const auto started = start("alice", {"github"}, {"narrate"});
  ASSERT_TRUE(started);
  EXPECT_EQ(started->passes.size(), 2U);
  EXPECT_EQ(started->injected.size(), 1U);
  EXPECT_EQ(started->session.grants.size(), 3U);
  EXPECT_CODE(start("alice", {}, {"unknown"}), Code::NotFound);
  EXPECT_CODE(start("alice", {}), Code::Invalid);
  ASSERT_TRUE(vault->remove_skill(kOperator, "acme", "narrate"));
  EXPECT_CODE(vault->remove_skill(kOperator, "acme", "narrate"), Code::NotFound);
}

TEST_F(Sessions, APassIsShapedForItsServiceAndKeptAsAHashOnly) {
  ASSERT_TRUE(add("gemini", kShared));
  const auto started = start("alice", {"gemini"});
  ASSERT_TRUE(started);
  const std::string& pass = started->passes.at(0).pass;
  EXPECT_TRUE(pass.starts_with(services.find("gemini")->pass_prefix));
  EXPECT_GE(pass.size(), 43U);
  EXPECT_EQ(
      pass.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"),
      std::string::npos);
  const auto grants = store->list<store::Grant>();
  ASSERT_TRUE(grants);
  EXPECT_EQ(grants->front().pass_hash.size(), 32U);
}

TEST_F(Sessions, APassIsGoodForOneServiceOfOneOpenSession) {
  ASSERT_TRUE(add("gemini", kShared));
  const auto started = start("alice", {"gemini"});
  ASSERT_TRUE(started);
  EXPECT_TRUE(use(started->passes.at(0)));
  EXPECT_CODE(use(started->passes.at(0).pass, "openai"), Code::Refused);
  EXPECT_CODE(use("AIza-nothing", "gemini"), Code::Unauthorized);
  EXPECT_CODE(vault->open_by_pass({}, "gemini"), Code::Unauthorized);
  const auto ended = run(vault->end_session(kOperator, started->session.id, "finished"));
  ASSERT_TRUE(ended);
  const auto after = use(started->passes.at(0));
  ASSERT_FALSE(after);
  EXPECT_EQ(after.error().reason, "session_ended");
  const auto again = run(vault->end_session(kOperator, started->session.id, "finished"));
  ASSERT_TRUE(again);
  EXPECT_EQ(again->document, ended->document);
  EXPECT_EQ(fences.fenced.size(), 1U);
}

TEST_F(Sessions, ExpiryIsCheckedAtUse) {
  const auto key = add("gemini", kShared);
  SessionRequest request;
  request.tenant = "acme";
  request.member = "alice";
  request.services = {"gemini"};
  request.time_limit = std::chrono::seconds(60);
  const auto started = vault->start_session(kOperator, request);
  ASSERT_TRUE(key && started);
  EXPECT_TRUE(vault->may_continue(started->session.id, key->id));
  clock.advance(std::chrono::seconds(61));
  EXPECT_CODE(use(started->passes.at(0)), Code::Expired);
  EXPECT_FALSE(vault->may_continue(started->session.id, key->id));
  EXPECT_EQ(vault->expired_sessions()->size(), 1U);
}

TEST_F(Sessions, InjectedKeysAreOpenedForTheSessionOnly) {
  ASSERT_TRUE(add("github", kToken, "alice"));
  ASSERT_TRUE(add("gemini", kShared));
  const auto started = start("alice", {"github", "gemini"});
  ASSERT_TRUE(started);
  const auto opened = vault->open_injected(started->session.id);
  ASSERT_TRUE(opened);
  ASSERT_EQ(opened->size(), 1U);
  EXPECT_EQ(reveal(opened->front().value), kToken);
  EXPECT_CODE(vault->open_injected(SessionId(IdBytes{7})), Code::NotFound);
}

TEST_F(Sessions, AnotherTenantsThingsReadAsIfTheyWereNot) {
  ASSERT_TRUE(vault->add_tenant(kOperator, "globex"));
  ASSERT_TRUE(vault->add_member(kOperator, "globex", "mallory", "owner"));
  ASSERT_TRUE(add("gemini", kShared));
  SessionRequest request;
  request.tenant = "globex";
  request.member = "mallory";
  request.services = {"gemini"};
  EXPECT_CODE(vault->start_session(kOperator, request), Code::NotFound);
  request.member = "alice";  // of another tenant
  const auto theirs = vault->start_session(kOperator, request);
  request.member = "nobodi";
  const auto nobody = vault->start_session(kOperator, request);
  ASSERT_FALSE(theirs || nobody);
  auto expected = nobody.error().message;
  expected.replace(expected.find("nobodi"), 6, "alice");
  EXPECT_EQ(theirs.error().message, expected);
  EXPECT_EQ(theirs.error().code, nobody.error().code);
}

TEST_F(Sessions, AnAuditorRunsNone) {
  ASSERT_TRUE(add("gemini", kShared));
  ASSERT_TRUE(vault->add_member(kOperator, "acme", "audrey", "auditor"));
  EXPECT_CODE(start("audrey", {"gemini"}), Code::Refused);
  EXPECT_CODE(vault->add_member(kOperator, "acme", "x", "root"), Code::Invalid);
  EXPECT_CODE(vault->add_member(kOperator, "acme", "alice", "member"), Code::Conflict);
}

TEST_F(Sessions, A15_a_pass_at_another_service_says_what_would_mend_it) {
  ASSERT_TRUE(add("gemini", "AIzaSyTest-0123456789-abcdefghijklmn"));
  ASSERT_TRUE(add("openai", "sk-aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"));
  const auto started = start("alice", {"gemini", "openai"});
  ASSERT_TRUE(started);
  const auto narrow = start("alice", {"gemini"});
  ASSERT_TRUE(narrow);
  const auto reason = [&](const StartedSession& session, const std::string& service) {
    const auto answer = use(session.passes.at(0).pass, service);
    EXPECT_FALSE(answer);
    if (!answer) EXPECT_EQ(answer.error().code, Code::Refused);
    return answer ? std::string() : answer.error().reason;
  };
  ASSERT_EQ(started->passes.at(0).service, "gemini");
  EXPECT_EQ(reason(*started, "openai"), "pass_wrong_service") << "it has one for that";
  EXPECT_EQ(reason(*narrow, "openai"), "not_granted");
  EXPECT_EQ(reason(*narrow, "anthropic"), "not_connected");
  EXPECT_EQ(reason(*narrow, "no-such-service"), "pass_wrong_service");
  const auto whose = [&](const std::string& pass) {
    return vault->session_of_pass(crypto::sha256(bytes_of(pass)));
  };
  EXPECT_EQ(whose(narrow->passes.at(0).pass), narrow->session.id);
  EXPECT_TRUE(whose("AIza-nobodys").is_none());
  ASSERT_TRUE(run(vault->end_session(kOperator, narrow->session.id, "finished")));
  EXPECT_EQ(reason(*narrow, "openai"), "pass_wrong_service") << "an ended session learns nothing";
  const auto missing = start("alice", {"anthropic"});
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().code, Code::NotFound);
  EXPECT_EQ(missing.error().reason, "not_connected");
}

}  // namespace
}  // namespace strongroom::vault
