// SPDX-License-Identifier: Apache-2.0
#include "vault/fixture_for_test.h"

namespace strongroom::vault {
namespace {

using std::chrono::seconds;

class RunnerCredentials : public VaultFixture {
 protected:
  RunnerCredentials() {
    make_acme();
    EXPECT_TRUE(add("gemini", "AIzaSyShared-0123456789-abcdefghijkl"));
    fences.has_runners = false;
  }
  StartedSession start(bool wants_runner = true) {
    SessionRequest request;
    request.tenant = "acme";
    request.member = "alice";
    request.services = {"gemini"};
    request.runtime = "attached";
    request.time_limit = seconds(600);
    request.wants_runner = wants_runner;
    auto started = vault->start_session(Actor::installation("ticket"), request);
    EXPECT_TRUE(started) << started.error().message;
    return std::move(*started);
  }
  std::string why_not(SessionId session, const std::string& credential) {
    const auto admitted = vault->admit_runner(session, crypto::sha256(bytes_of(credential)));
    return admitted ? "" : admitted.error().reason;
  }
  std::size_t recorded(std::string_view outcome) {
    std::size_t times = 0;
    EXPECT_TRUE(record->for_each([&](const audit::Entry& entry) {
      const auto* act = std::get_if<audit::Act>(&entry.content);
      if (act != nullptr && act->action == "session.attach" && act->outcome == outcome) ++times;
      return true;
    }));
    return times;
  }
};

TEST_F(RunnerCredentials, OneIsMadeForWhoAsksAndOpensItsOwnSession) {
  EXPECT_TRUE(start(false).runner_credential.empty());
  const auto started = start();
  EXPECT_TRUE(started.runner_credential.starts_with("srr_"));
  EXPECT_EQ(why_not(started.session.id, started.runner_credential), "");
  reopen();
  EXPECT_EQ(why_not(started.session.id, started.runner_credential), "") << "after a restart too";
  EXPECT_EQ(recorded("done"), 2U);
}

TEST_F(RunnerCredentials, ItIsUselessForEveryOtherSessionAndUnknownOnesAre) {
  const auto own = start();
  const auto other = start();
  for (int i = 0; i < 3; ++i)
    EXPECT_EQ(why_not(other.session.id, own.runner_credential), "runner_elsewhere");
  EXPECT_EQ(why_not(crypto::random_id<SessionId>(), own.runner_credential), "runner_elsewhere");
  EXPECT_EQ(why_not(own.session.id, "srr_unknown"), "runner_unknown");
  EXPECT_EQ(why_not(own.session.id, ""), "runner_unknown");
  EXPECT_EQ(recorded("refused: runner_elsewhere"), 1U) << "once, so that nobody fills the record";
}

TEST_F(RunnerCredentials, ItEndsWithItsSession) {
  const auto ended = start();
  ASSERT_TRUE(run(vault->end_session(kOperator, ended.session.id, "enough")));
  EXPECT_EQ(why_not(ended.session.id, ended.runner_credential), "session_ended");
  EXPECT_EQ(recorded("refused: session_ended"), 1U);
  const auto late = start();
  clock.advance(seconds(600));
  EXPECT_EQ(why_not(late.session.id, late.runner_credential), "session_expired");
  EXPECT_EQ(recorded("done"), 0U);
}

TEST_F(RunnerCredentials, ItLetsInNoSecondRunnerBesideTheFirst) {
  const auto started = start();
  fences.has_runners = true;
  EXPECT_EQ(why_not(started.session.id, started.runner_credential), "runner_attached");
  EXPECT_EQ(recorded("refused: runner_attached"), 1U);
}

}  // namespace
}  // namespace strongroom::vault
