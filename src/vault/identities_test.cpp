// What changes while an identity provider is asked. SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "vault/fixture_for_test.h"

namespace strongroom::vault {
namespace {

const std::string kIssuer = "https://identity.example.test";
const std::string kBack = "https://vault.example.test/sign-in/callback";
using Roles = std::vector<std::pair<std::string, std::string>>;

class IdentitiesTest : public VaultFixture {
 protected:
  IdentitiesTest() {
    make_acme();
    set_provider({{"staff", "member"}});
  }
  Result<IdentityProviderView> add_provider(const Roles& roles) {
    const NewIdentityProvider wanted{"acme", "corp", kIssuer, "strongroom", {}, {}, roles, {}, {}};
    return vault->set_identity_provider(kOperator, wanted, Secret());
  }
  void set_provider(const Roles& roles) {
    const auto set = add_provider(roles);
    ASSERT_TRUE(set) << set.error().message;
    dynamic::Outcome said;
    said.facts = {{"authorization_endpoint", kIssuer + "/authorize"},
                  {"token_endpoint", kIssuer + "/token"},
                  {"jwks_uri", kIssuer + "/keys"}};
    ASSERT_TRUE(vault->note_identity_discovered(set->id, said));
  }
  static crypto::Digest hash(const std::string& text) { return crypto::sha256(bytes_of(text)); }
  static std::string parameter(const std::string& url, const std::string& name) {
    const auto at = url.find("&" + name + "=") + name.size() + 2;
    return url.substr(at, url.find('&', at) - at);
  }
  static IdentityAnswer answer_to(const std::string& url) {
    IdentityAnswer answer;
    answer.state = parameter(url, "state");
    answer.code = secret("a-code");
    answer.browser = hash("browser");
    return answer;
  }
  /// Of who is `subject`, in the group that stands first in the job's list.
  dynamic::Outcome token(const std::string& url, const std::string& subject) {
    const auto now =
        std::chrono::duration_cast<std::chrono::seconds>(clock.wall().time_since_epoch());
    dynamic::Outcome said;
    said.facts = {{"iss", kIssuer},
                  {"aud", R"(["strongroom"])"},
                  {"nonce", parameter(url, "nonce")},
                  {"exp", std::to_string(now.count() + 300)},
                  {"iat", std::to_string(now.count())},
                  {"sub", subject},
                  {"preferred_username", "mo"},
                  {"groups", "0"}};
    return said;
  }
  Result<IssuedSignIn> use(const std::string& invitation) {
    STRONGROOM_TRY(const auto task, vault->begin_password(hash(invitation)));
    return vault->use_invitation(hash(invitation), {}, task, Secret(hash("password")), "192.0.2.1");
  }
};

TEST_F(IdentitiesTest, people_come_in_while_a_provider_that_was_set_anew_is_asked_again) {
  const auto set = add_provider({{"staff", "auditor"}});
  ASSERT_TRUE(set) << set.error().message;
  EXPECT_TRUE(set->is_ready);
  EXPECT_TRUE(vault->begin_provider_sign_in("acme", "corp", hash("browser"), kBack));
}

TEST_F(IdentitiesTest, M7_a_role_is_that_of_the_groups_name_not_of_its_place_in_an_older_table) {
  const auto url = vault->begin_provider_sign_in("acme", "corp", hash("browser"), kBack);
  ASSERT_TRUE(url) << url.error().message;
  const auto taken = vault->take_identity(answer_to(*url), kBack, {});
  ASSERT_TRUE(taken) << taken.error().message;
  set_provider({{"chiefs", "owner"}, {"staff", "auditor"}});
  const auto issued =
      vault->finish_provider_sign_in(taken->attempt, token(*url, "u-mo"), "192.0.2.1");
  ASSERT_TRUE(issued) << issued.error().message;
  const auto members = vault->list_members(kOperator, "acme");
  const auto mo = std::ranges::find(*members, "mo", &MemberView::name);
  ASSERT_NE(mo, members->end());
  EXPECT_EQ(mo->role, "auditor");
}

/// An invitation ends whatever others may have got as that member: what they have begun, too.
TEST_F(IdentitiesTest, H17_who_was_this_member_before_links_no_account_any_more) {
  const auto before = use(vault->invite(kOperator, "acme", "alice")->invitation);
  ASSERT_TRUE(before) << before.error().message;
  const auto actor = vault->actor_of_sign_in({hash(before->cookie), hash(before->page_half)});
  ASSERT_TRUE(actor);
  const auto url = vault->begin_identity(*actor, "corp", hash("browser"), kBack);
  ASSERT_TRUE(url) << url.error().message;
  const auto taken = vault->take_identity(answer_to(*url), kBack, *actor);
  ASSERT_TRUE(taken) << taken.error().message;
  ASSERT_TRUE(use(vault->invite(kOperator, "acme", "alice")->invitation));
  const auto linked = vault->add_identity(*actor, taken->attempt, token(*url, "u-mallory"));
  ASSERT_FALSE(linked);
  EXPECT_EQ(linked.error().reason, "attempt_unknown");
  EXPECT_TRUE(vault->list_identities(kOperator, "acme")->empty());
}

/// No session of somebody whose access is withheld goes on while the end of another is waited for.
TEST_F(IdentitiesTest, I9_all_sessions_of_who_has_no_access_any_more_end_at_once) {
  ASSERT_TRUE(add("gemini", "AIzaSyTest-0123456789-abcdefghijklmn"));
  const auto token = vault->begin_provisioning(kOperator, "acme", "corp");
  ASSERT_TRUE(token) << token.error().message;
  const auto who = vault->provisioner_of(hash(token->token));
  ASSERT_TRUE(who);
  const auto user = run(vault->put_provisioned_user(*who, {}, {"mo", "u-mo", true, "{}", {}}));
  ASSERT_TRUE(user) << user.error().message;
  const auto group = run(vault->put_provisioned_group(*who, {}, {"staff", {}, {*user}, {}}));
  ASSERT_TRUE(group) << group.error().message;
  const auto one = start("mo", {"gemini"});
  const auto other = start("mo", {"gemini"});
  ASSERT_TRUE(one && other);
  const KeyId key = one->session.grants.front().key;
  fences.while_fencing = [&] {
    for (const auto& session : {one->session.id, other->session.id}) {
      EXPECT_FALSE(vault->may_continue(session, key));
      EXPECT_TRUE(vault->is_ending(session)) << "nobody else ends it";
    }
  };
  ASSERT_TRUE(run(vault->put_provisioned_group(*who, *group, {"staff", {}, {}, {}})));
  EXPECT_EQ(fences.fenced.size(), 2U);
  fences.while_fencing = {};
  for (const auto& session : {one->session.id, other->session.id}) {
    EXPECT_FALSE(vault->is_ending(session));
    EXPECT_TRUE(run(vault->end_session(kOperator, session, "again")));
  }
  EXPECT_EQ(fences.fenced.size(), 2U) << "each has its receipt";
}

}  // namespace
}  // namespace strongroom::vault
