// What is kept of a pasted key for its provider, and for how long. SPDX-License-Identifier:
// Apache-2.0
#include "vault/fixture_for_test.h"

namespace strongroom::vault {
namespace {

constexpr std::string_view kToken = "ghp_abcdefghijklmnopqrstuvwxyz0123456789";

class Destructions : public VaultFixture {
 protected:
  Destructions() { make_acme(); }
  store::Destruction row() { return store->list<store::Destruction>()->at(0); }
  Status told(Code code, std::string error) {
    const auto due = vault->credentials_due();
    dynamic::Outcome outcome;
    outcome.code = code;
    outcome.error = std::move(error);
    return vault->note_destroying(due->at(0), outcome);
  }
};

TEST_F(Destructions, TheJobHoldsTheKeyAndTheProvidersOwnCall) {
  const auto key = add("github", kToken, "alice");
  ASSERT_TRUE(key && run(vault->revoke_key(kOperator, key->id)));
  const auto due = vault->credentials_due();
  ASSERT_EQ(due->size(), 1U);
  const auto job = vault->job_of(due->at(0), dynamic::Action::Destroy);
  ASSERT_TRUE(job) << job.error().message;
  EXPECT_EQ(job->authority, "api.github.com:443");
  EXPECT_EQ(job->reference, "/credentials/revoke");
  EXPECT_TRUE(job->credential.reveal([](ByteView octets) { return text_of(octets) == kToken; }));
}

TEST_F(Destructions, TheValueIsErasedWithTheProvidersWord) {
  const auto key = add("github", kToken, "alice");
  ASSERT_TRUE(key && run(vault->revoke_key(kOperator, key->id)));
  EXPECT_FALSE(told(Code::Unavailable, "the provider could not be reached"));
  reopen();
  ASSERT_EQ(row().state, "owed");
  EXPECT_TRUE(told(Code::Internal, ""));
  EXPECT_EQ(row().state, "destroyed");
  EXPECT_TRUE(row().value.empty());
  EXPECT_TRUE(vault->credentials_due()->empty());
}

TEST_F(Destructions, AProviderThatGoesOnTakingItIsToldForAWeek) {
  const auto key = add("github", kToken, "alice");
  ASSERT_TRUE(key && run(vault->revoke_key(kOperator, key->id)));
  EXPECT_FALSE(told(Code::Refused, "still takes the key"));
  EXPECT_EQ(row().state, "owed");
  clock.advance(std::chrono::hours(24 * 8));
  // Whoever does not answer has not refused.
  EXPECT_FALSE(told(Code::Unavailable, "the provider could not be reached"));
  EXPECT_EQ(row().state, "owed");
  EXPECT_FALSE(told(Code::Refused, "still takes the key"));
  EXPECT_EQ(row().state, "left");
  EXPECT_TRUE(row().value.empty());
  EXPECT_TRUE(vault->credentials_due()->empty());
  const auto receipt = run(vault->revoke_key(kOperator, key->id));
  ASSERT_TRUE(receipt);
  EXPECT_NE(receipt->document.find("https://github.com/settings/tokens"), std::string::npos);
}

}  // namespace
}  // namespace strongroom::vault
