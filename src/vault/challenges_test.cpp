// SPDX-License-Identifier: Apache-2.0
#include "vault/challenges.h"

#include <gtest/gtest.h>

namespace strongroom::vault {
namespace {

using namespace std::chrono_literals;

TEST(Challenges, H19_is_good_once_soon_and_for_what_it_was_asked) {
  ManualClock clock;
  Challenges challenges(clock);
  const crypto::Digest browser = crypto::sha256(bytes_of("browser"));
  const crypto::Digest other = crypto::sha256(bytes_of("other"));
  const auto member = crypto::random_id<MemberId>();
  const ByteVector challenge = challenges.make(Ceremony::Add, member, browser);
  EXPECT_NE(challenge, challenges.make(Ceremony::Add, member, browser));
  EXPECT_EQ(challenges.check(challenge, Ceremony::Add, browser), member);
  EXPECT_FALSE(challenges.check(challenge, Ceremony::SignIn, browser));
  EXPECT_FALSE(challenges.check(challenge, Ceremony::Invited, browser));
  EXPECT_FALSE(challenges.check(challenge, Ceremony::Add, other));
  EXPECT_FALSE(Challenges(clock).check(challenge, Ceremony::Add, browser)) << "another process's";
  for (std::size_t at = 0; at < challenge.size(); ++at) {
    ByteVector changed = challenge;
    changed[at] ^= 1;
    EXPECT_FALSE(challenges.check(changed, Ceremony::Add, browser)) << at;
    EXPECT_FALSE(challenges.check(ByteView(challenge).first(at), Ceremony::Add, browser));
  }
  clock.advance(Challenges::kTime - 1s);
  EXPECT_TRUE(challenges.check(challenge, Ceremony::Add, browser));
  challenges.use(challenge);
  EXPECT_FALSE(challenges.check(challenge, Ceremony::Add, browser)) << "used";
  const ByteVector late = challenges.make(Ceremony::SignIn, {}, browser);
  EXPECT_EQ(challenges.check(late, Ceremony::SignIn, browser), MemberId());
  clock.advance(Challenges::kTime);
  EXPECT_FALSE(challenges.check(late, Ceremony::SignIn, browser)) << "too late";
  EXPECT_FALSE(challenges.check(challenge, Ceremony::Add, browser)) << "used, and over";
}

}  // namespace
}  // namespace strongroom::vault
