// SPDX-License-Identifier: Apache-2.0
#include "gateway/session_authorities.h"

#include <gtest/gtest.h>

namespace strongroom::gateway {
namespace {

using std::chrono::hours;
using std::chrono::minutes;

constexpr SessionId kSession(IdBytes{7});

class Authorities : public testing::Test {
 protected:
  /// How many of so many connections in a row get a certificate, with no time between them: a mint
  /// that makes one for each stops at its limit.
  int connect(int times) {
    int served = 0;
    for (int i = 0; i < times; ++i)
      served += authorities.server_for(kSession, "api.example.com") ? 1 : 0;
    return served;
  }
  ManualClock clock;
  SessionAuthorities authorities{clock, Secret(bytes_of("0123456789abcdef0123456789abcdef"))};
};

TEST_F(Authorities, I11_a_clock_that_is_set_back_costs_one_certificate) {
  EXPECT_EQ(connect(500), 500);
  for (const minutes back : {minutes(6), minutes(60), minutes(60 * 24 * 9)}) {
    clock.set_wall(clock.wall() - back);
    EXPECT_EQ(connect(500), 500) << back.count();
  }
}

TEST_F(Authorities, I11_a_clock_that_ran_ahead_leaves_no_session_without_certificates) {
  EXPECT_EQ(connect(1), 1);
  clock.set_wall(clock.wall() + hours(24 * 30));
  EXPECT_EQ(connect(500), 500);
}

}  // namespace
}  // namespace strongroom::gateway
