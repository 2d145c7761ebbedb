// SPDX-License-Identifier: Apache-2.0
#include "api/sign_in_throttle.h"

#include <gtest/gtest.h>

namespace strongroom::api {
namespace {

using namespace std::chrono_literals;
using Try = SignInThrottle::Try;

class SignInThrottleTest : public testing::Test {
 protected:
  /// A wrong password; false: it was not even looked at.
  bool wrong(const Try& tried) {
    if (!throttle.begin(tried)) return false;
    throttle.end(tried);
    (void)throttle.note_wrong(tried);
    return true;
  }
  bool right(const Try& tried) {
    if (!throttle.begin(tried)) return false;
    throttle.end(tried);
    throttle.note_right(tried);
    return true;
  }
  ManualClock clock;
  SignInThrottle throttle{clock};
  const Try here{"acme alice", "address 192.0.2.1"};
};

TEST_F(SignInThrottleTest, H12_wrong_ones_wait_longer_and_longer) {
  for (unsigned each = 0; each < SignInThrottle::kFreeTries; ++each) EXPECT_TRUE(wrong(here));
  EXPECT_FALSE(wrong(here));
  unsigned looked_at = 0;
  for (auto passed = 0s; passed < 55min; passed += 1s) {
    clock.advance(1s);
    looked_at += wrong(here) ? 1U : 0U;
  }
  EXPECT_LT(looked_at, 20U);
  EXPECT_GT(looked_at, 10U);
  EXPECT_EQ(throttle.begin(here).error().reason, "too_many_tries");
  clock.advance(SignInThrottle::kLongestWait);
  EXPECT_TRUE(right(here));
  EXPECT_TRUE(wrong(here));
  EXPECT_TRUE(wrong(here)) << "begun anew";
}

TEST_F(SignInThrottleTest, H12_others_are_not_kept_out) {
  while (wrong(here)) {
  }
  EXPECT_TRUE(right({"acme bob", here.place})) << "others from the same address";
  EXPECT_TRUE(right({here.member, "address 192.0.2.2"})) << "the same member from elsewhere";
  EXPECT_TRUE(right({here.member, "browser x", true})) << "their own browser at the same address";
}

TEST_F(SignInThrottleTest, H12_guesses_from_everywhere_have_a_limit_that_known_browsers_have_not) {
  const auto from = [&](unsigned each) {
    return Try{here.member, "address " + std::to_string(each)};
  };
  unsigned looked_at = 0;
  for (unsigned each = 0; each < 1000; ++each) looked_at += wrong(from(each)) ? 1U : 0U;
  EXPECT_EQ(looked_at, SignInThrottle::kMostFromAnywhere);
  EXPECT_FALSE(wrong(from(2000)));
  EXPECT_TRUE(right({here.member, "browser x", true}));
  EXPECT_TRUE(right({"acme bob", from(1).place}));
  clock.advance(61min);
  EXPECT_TRUE(right(from(2000))) << "who goes on trying does not lengthen it";
}

TEST_F(SignInThrottleTest, H12_what_was_not_looked_at_does_not_count) {
  for (unsigned each = 0; each < 1000; ++each) (void)wrong(here);
  EXPECT_TRUE(right({here.member, "address 192.0.2.2"}))
      << "one address alone reaches no limit of all";
}

TEST_F(SignInThrottleTest, H12_many_at_once_are_no_way_around_it) {
  const auto begun_of = [&](const std::string& place, bool is_known = false) {
    unsigned begun = 0;
    while (begun < 100 && throttle.begin({"acme m" + std::to_string(begun), place, is_known}))
      ++begun;
    return begun;
  };
  EXPECT_EQ(begun_of("address 1"), SignInThrottle::kMostAtOnceFromOne);
  EXPECT_EQ(begun_of("address 2"), SignInThrottle::kMostAtOnceFromOne);
  EXPECT_EQ(begun_of("address 3"), 0U) << "so many in all";
  EXPECT_EQ(begun_of("browser 1", true), SignInThrottle::kMostAtOnceFromOne) << "have places left";
  throttle.end({"acme m0", "address 1"});
  EXPECT_EQ(begun_of("address 1"), 0U) << "others have them";
}

TEST_F(SignInThrottleTest, TellsOfTriesNowAndThen) {
  std::vector<unsigned> told;
  for (unsigned each = 0; each < 16; ++each) {
    clock.advance(SignInThrottle::kLongestWait / 2);
    while (!throttle.begin(here)) clock.advance(1s);
    throttle.end(here);
    if (const unsigned wrong = throttle.note_wrong(here); wrong > 0) told.push_back(wrong);
  }
  EXPECT_EQ(told.front(), 1U);
  EXPECT_LT(told.size(), 8U);
}

TEST_F(SignInThrottleTest, ItsMemoryHasAnEnd) {
  for (unsigned each = 0; each < 3 * SignInThrottle::kMostRemembered; ++each)
    (void)wrong({"acme m" + std::to_string(each), "address " + std::to_string(each)});
  SUCCEED();
}

}  // namespace
}  // namespace strongroom::api
