// SPDX-License-Identifier: Apache-2.0
#include "base/mid_page.h"

#include <gtest/gtest.h>

#include <memory>
#include <vector>

#include "base/bytes.h"

namespace strongroom {
namespace {

TEST(MidPageBlock, each_begins_in_the_middle_of_a_page) {
  using Block = MidPageBlock<10'000>;
  std::vector<std::unique_ptr<Block>> all;
  for (int i = 0; i < 20; ++i) {
    all.push_back(std::make_unique_for_overwrite<Block>());
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(all.back()->data()) % 4096, 2048U);
    EXPECT_EQ(MutableBytes(*all.back()).size(), 10'000U);
    all.back()->fill(7);
  }
}

}  // namespace
}  // namespace strongroom
