// SPDX-License-Identifier: Apache-2.0
#include "gateway/burst_watch.h"

#include <gtest/gtest.h>

namespace strongroom::gateway {
namespace {

TEST(BurstWatch, MostOfManyConnectionsHaveEnded) {
  BurstWatch watch;
  watch.note(1000);
  EXPECT_FALSE(watch.is_over(900, 0));
  EXPECT_FALSE(watch.is_over(501, 0));
  EXPECT_TRUE(watch.is_over(500, 0));
  EXPECT_FALSE(watch.is_over(400, 0)) << "this burst was over already";
  EXPECT_TRUE(watch.is_over(250, 0)) << "what was left of it is one";
  EXPECT_FALSE(watch.is_over(0, 0)) << "too few for a walk";
}

TEST(BurstWatch, ManyBuffersWereLetGo) {
  BurstWatch watch;
  watch.note(100);
  EXPECT_FALSE(watch.is_over(100, 63));
  EXPECT_FALSE(watch.is_over(100, 126)) << "63 since the last look";
  EXPECT_TRUE(watch.is_over(100, 190));
  EXPECT_FALSE(watch.is_over(100, 190));
}

}  // namespace
}  // namespace strongroom::gateway
