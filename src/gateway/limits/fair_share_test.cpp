// SPDX-License-Identifier: Apache-2.0
#include "gateway/limits/fair_share.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

namespace strongroom::gateway {
namespace {

const TenantId kAcme(IdBytes{1});
const TenantId kGlobex(IdBytes{2});

WaitingConnection waiting(TenantId tenant, int since) {
  return {tenant, SteadyTime(std::chrono::seconds(since))};
}

TEST(FairShare, N8_whoever_hoards_connections_loses_them_first) {
  std::vector<WaitingConnection> all;
  all.push_back(waiting(kGlobex, 0));  // the oldest of all
  for (int i = 1; i <= 10; ++i) all.push_back(waiting(kAcme, i));
  all.push_back(waiting(kGlobex, 50));
  const auto closed = choose_to_close(all, 8);
  EXPECT_EQ(closed, (std::vector<std::size_t>{1, 2, 3, 4, 5, 6, 7, 8}));
}

TEST(FairShare, with_equal_shares_both_give) {
  std::vector<WaitingConnection> all;
  for (int i = 0; i < 5; ++i) {
    all.push_back(waiting(kAcme, i));
    all.push_back(waiting(kGlobex, i));
  }
  const auto closed = choose_to_close(all, 4);
  const auto of_acme =
      std::ranges::count_if(closed, [&](std::size_t i) { return all[i].tenant == kAcme; });
  EXPECT_EQ(closed.size(), 4U);
  EXPECT_EQ(of_acme, 2);
}

TEST(FairShare, never_more_than_there_are_and_none_twice) {
  EXPECT_TRUE(choose_to_close({}, 5).empty());
  std::vector<WaitingConnection> all;
  for (int i = 0; i < 7; ++i) all.push_back(waiting(i % 3 == 0 ? TenantId() : kAcme, 7 - i));
  EXPECT_TRUE(choose_to_close(all, 0).empty());
  const auto closed = choose_to_close(all, 100);
  EXPECT_EQ(std::set<std::size_t>(closed.begin(), closed.end()).size(), all.size());
}

TEST(FairShare, what_is_configured_holds_and_otherwise_there_is_room) {
  EXPECT_EQ(exchanges_of_one_tenant(5), 5U);
  EXPECT_EQ(connections_of_all(7), 7U);
  EXPECT_GE(exchanges_of_one_tenant(0), 16U);
  EXPECT_GE(connections_of_all(0), 16U);
  EXPECT_LT(exchanges_of_one_tenant(0), connections_of_all(0))
      << "one tenant's busy connections leave some to others";
}

}  // namespace
}  // namespace strongroom::gateway
