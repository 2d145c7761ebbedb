// Logins, and what happens beside them. SPDX-License-Identifier: Apache-2.0
#include <array>

#include "dynamic/login.h"
#include "vault/fixture_for_test.h"

namespace strongroom::vault {
namespace {

const std::string kIssuer = "https://login.example.test";

class LoginsTest : public VaultFixture {
 protected:
  LoginsTest() {
    make_acme();
    set_client(kIssuer);
    const Status asked = vault->note_discovered("corp", kIssuer, said());
    EXPECT_TRUE(asked) << asked.error().message;
  }
  void set_client(const std::string& issuer, const std::string& id = "strongroom") {
    NewOAuthClient wanted{"corp", "generic-oauth", issuer, id, {}};
    const auto set = vault->set_oauth_client(kOperator, wanted, secret("a-client-secret"));
    ASSERT_TRUE(set) << set.error().message;
  }
  static dynamic::Outcome said(const std::string& issuer = kIssuer) {
    dynamic::Outcome outcome;
    outcome.facts = {{"authorization_endpoint", issuer + "/authorize"},
                     {"token_endpoint", issuer + "/token"},
                     {"revocation_endpoint", issuer + "/revoke"}};
    return outcome;
  }
  static dynamic::Outcome failed() {
    dynamic::Outcome outcome;
    outcome.code = Code::Unavailable;
    outcome.error = "it does not answer";
    return outcome;
  }
  static dynamic::Outcome tokens(std::string_view access) {
    const Secret token = secret(access);
    const Secret refresh = secret("refresh-of-" + std::string(access));
    const std::array<const Secret*, dynamic::kTokens> both{&token, &refresh};
    dynamic::Outcome outcome;
    outcome.value = dynamic::pack(both);
    return outcome;
  }
  /// What its browser will bring back.
  LoginAnswer begin() {
    NewLogin wanted;
    wanted.client = "corp";
    wanted.tenant = "acme";
    wanted.member = "alice";
    wanted.settings = {{"host", "login.example.test"}};
    wanted.redirect = "https://vault.example.test/oauth/callback";
    const auto begun = vault->begin_login(kOperator, std::move(wanted));
    EXPECT_TRUE(begun) << begun.error().message;
    const std::string url = begun ? begun->url : std::string();
    const auto at = url.find("&state=") + std::string_view("&state=").size();
    LoginAnswer answer;
    answer.state = url.substr(at, url.find('&', at) - at);
    answer.code = secret("a-code");
    return answer;
  }
  /// The key of a login from its first step to its last.
  KeyId log_in() {
    const auto taken = vault->take_login(begin());
    EXPECT_TRUE(taken) << taken.error().message;
    const auto done = vault->finish_login(taken->login, tokens("first-access-token"));
    EXPECT_TRUE(done) << done.error().message;
    return done ? done->key.value_or(KeyId()) : KeyId();
  }
};

/// A key beside a client that is not there could be neither renewed nor revoked.
TEST_F(LoginsTest, M7_a_login_whose_client_goes_meanwhile_comes_to_no_key) {
  const auto taken = vault->take_login(begin());
  ASSERT_TRUE(taken) << taken.error().message;
  LoginAnswer later = begin();
  ASSERT_TRUE(vault->remove_oauth_client(kOperator, "corp"));
  EXPECT_CODE(vault->finish_login(taken->login, tokens("first-access-token")), Code::NotFound);
  EXPECT_TRUE(vault->list_keys(kOperator, "acme")->empty());
  EXPECT_EQ(vault->take_unkept_logins().size(), 1U) << "ended where it was made";
  // So it is where another one has its name.
  set_client(kIssuer, "another");
  ASSERT_TRUE(vault->note_discovered("corp", kIssuer, said()));
  const auto refused = vault->take_login(std::move(later));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().reason, "client_changed");
}

TEST_F(LoginsTest, ALoginLivesThroughANewRootKey) {
  LoginAnswer answer = begin();
  ASSERT_TRUE(vault->rotate_root(kOperator, Secret()));
  const auto taken = vault->take_login(std::move(answer));
  ASSERT_TRUE(taken) << taken.error().message;
  EXPECT_TRUE(vault->finish_login(taken->login, tokens("first-access-token")));
}

TEST_F(LoginsTest, M7_a_late_word_of_an_issuer_is_not_taken_for_anothers) {
  const std::string other = "https://elsewhere.example.test";
  set_client(other);
  EXPECT_CODE(vault->note_discovered("corp", kIssuer, said()), Code::Conflict);
  EXPECT_FALSE(vault->list_oauth_clients(kOperator)->front().is_ready);
  EXPECT_TRUE(vault->note_discovered("corp", other, said(other)));
  EXPECT_TRUE(vault->list_oauth_clients(kOperator)->front().is_ready);
}

/// What its issuer has said before is known while it is asked again.
TEST_F(LoginsTest, I7_a_revoke_while_the_client_is_set_anew_ends_the_login_there) {
  const KeyId key = log_in();
  set_client(kIssuer);
  const auto failing = vault->note_discovered("corp", kIssuer, failed());
  EXPECT_CODE(failing, Code::Unavailable);
  EXPECT_TRUE(vault->list_oauth_clients(kOperator)->front().is_ready);
  ASSERT_TRUE(run(vault->revoke_key(kOperator, key)));
  const auto due = vault->credentials_due();
  ASSERT_TRUE(due);
  ASSERT_EQ(due->size(), 1U);
  EXPECT_TRUE(vault->job_of(due->front(), dynamic::Action::Destroy));
}

/// Its provider said no time: nothing but that word tells that a new one is needed.
TEST_F(LoginsTest, M3_a_token_that_was_refused_is_asked_for_until_a_new_one_comes) {
  const KeyId key = log_in();
  EXPECT_TRUE(vault->refreshes_due().empty());
  ASSERT_TRUE(vault->note_verdict(key, 1, false, 401));
  ASSERT_EQ(vault->refreshes_due().size(), 1U);
  const DynamicId login = vault->refreshes_due().front();
  ASSERT_TRUE(vault->begin_refresh(login));
  EXPECT_TRUE(vault->refreshes_due().empty());
  EXPECT_FALSE(vault->note_refreshed(login, failed()));
  EXPECT_EQ(vault->refreshes_due(), std::vector{login});
  ASSERT_TRUE(vault->begin_refresh(login));
  ASSERT_TRUE(vault->note_refreshed(login, tokens("second-access-token")));
  EXPECT_TRUE(vault->refreshes_due().empty());
  EXPECT_EQ(vault->show_key(kOperator, key)->version, 2U);
}

}  // namespace
}  // namespace strongroom::vault
