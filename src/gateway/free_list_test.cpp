// SPDX-License-Identifier: Apache-2.0
#include "gateway/free_list.h"

#include <gtest/gtest.h>

namespace strongroom::gateway {
namespace {

struct Counted {
  static inline int alive = 0;
  Counted() { ++alive; }
  ~Counted() { --alive; }
};

TEST(FreeObjects, GivesBackWhatABurstTookAndKeepsWhatIsInUse) {
  FreeObjects<Counted> list;
  const auto burst = [&](std::size_t count) {
    std::vector<std::unique_ptr<Counted>> taken;
    for (std::size_t i = 0; i < count; ++i) taken.push_back(list.take());
    for (auto& each : taken) list.give(std::move(each));
  };
  burst(100);
  EXPECT_EQ(Counted::alive, 100);
  EXPECT_FALSE(list.trim()) << "all of them were needed since the last time";
  burst(20);
  EXPECT_TRUE(list.trim());
  EXPECT_EQ(Counted::alive, 20) << "as many as were needed at once";
  burst(20);
  EXPECT_FALSE(list.trim());
  EXPECT_TRUE(list.trim());
  EXPECT_EQ(Counted::alive, 8) << "a few stay";
}

TEST(FreeInputs, KeepsBlocksOfTheUsualSizeOnly) {
  FreeInputs inputs;
  auto block = inputs.take();
  ASSERT_EQ(block.size(), kInputBlock);
  const auto* const place = block.data();
  inputs.give(std::move(block));
  auto again = inputs.take();
  EXPECT_EQ(again.data(), place);
  inputs.give(ByteVector(kInputBlock * 2));
  EXPECT_EQ(inputs.take().size(), kInputBlock);
}

}  // namespace
}  // namespace strongroom::gateway
