// SPDX-License-Identifier: Apache-2.0
#include "http/list.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace strongroom::http {
namespace {

std::vector<std::string> items(std::string_view list) {
  std::vector<std::string> out;
  while (!list.empty()) out.emplace_back(take_item(list));
  return out;
}

TEST(List, items_come_without_the_blanks_around_them) {
  using Items = std::vector<std::string>;
  EXPECT_EQ(items(""), Items{});
  EXPECT_EQ(items("gzip"), Items{"gzip"});
  EXPECT_EQ(items(" a,\tb\t ,c d"), (Items{"a", "b", "c d"}));
  EXPECT_EQ(items(",a,,"), (Items{"", "a", ""}));
  EXPECT_EQ(items(" \t"), Items{""});
}

}  // namespace
}  // namespace strongroom::http
