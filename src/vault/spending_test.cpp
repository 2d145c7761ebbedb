// SPDX-License-Identifier: Apache-2.0
#include "vault/spending.h"

#include <gtest/gtest.h>

namespace strongroom::vault {
namespace {

const PolicyId kPolicy(IdBytes{1});
const HolderId kFirst(IdBytes{2});
const HolderId kSecond(IdBytes{3});
constexpr std::int64_t kDay = 20'000;

TEST(Spending, sums_up_and_tells_each_holder_what_the_others_spent) {
  Spending spending;
  spending.add(kPolicy, kFirst, kDay, 100, 5);
  spending.add(kPolicy, kSecond, kDay, 10, 2);
  spending.add(kPolicy, kFirst, kDay, 1, 1);
  EXPECT_EQ(spending.total(kPolicy, kDay), (Spent{kDay, 111, 8}));
  EXPECT_EQ(spending.by_others(kPolicy, kFirst, kDay), (Spent{kDay, 10, 2}));
  EXPECT_EQ(spending.by_others(kPolicy, kSecond, kDay), (Spent{kDay, 101, 6}));
  EXPECT_EQ(spending.by_others(kPolicy, HolderId(), kDay), (Spent{kDay, 111, 8}));
  EXPECT_EQ(spending.total(PolicyId(), kDay), (Spent{kDay, 0, 0}));
}

TEST(Spending, N7_what_a_holder_spent_stays_spent_when_it_is_gone) {
  Spending spending;
  spending.add(kPolicy, kFirst, kDay, 100, 5);
  (void)spending.take_grown();
  spending.forget_holder(kFirst);
  EXPECT_EQ(spending.by_others(kPolicy, kFirst, kDay), (Spent{kDay, 100, 5}));
  EXPECT_EQ(spending.take_grown(), std::vector<PolicyId>{kPolicy}) << "the others are told";
}

TEST(Spending, a_new_day_begins_at_nothing_and_an_old_one_never_comes_back) {
  Spending spending;
  spending.add(kPolicy, kFirst, kDay, 100, 5);
  EXPECT_EQ(spending.total(kPolicy, kDay + 1), (Spent{kDay + 1, 0, 0}));
  spending.add(kPolicy, kFirst, kDay + 1, 7, 1);
  EXPECT_EQ(spending.total(kPolicy, kDay + 1), (Spent{kDay + 1, 7, 1}));
  EXPECT_EQ(spending.by_others(kPolicy, kFirst, kDay + 1), (Spent{kDay + 1, 0, 0}));
  spending.add(kPolicy, kFirst, kDay, 1, 1);
  EXPECT_EQ(spending.total(kPolicy, kDay), (Spent{kDay + 1, 8, 2})) << "a clock set back";
}

TEST(Spending, what_is_loaded_is_others_and_needs_no_saving) {
  Spending spending;
  spending.load(kPolicy, {kDay, 50, 3});
  EXPECT_TRUE(spending.unsaved().empty());
  EXPECT_TRUE(spending.take_grown().empty());
  spending.add(kPolicy, kFirst, kDay, 1, 1);
  EXPECT_EQ(spending.by_others(kPolicy, kFirst, kDay), (Spent{kDay, 50, 3}));
  ASSERT_EQ(spending.unsaved().size(), 1U);
  EXPECT_EQ(spending.unsaved()[0].second, (Spent{kDay, 51, 4}));
  spending.mark_saved();
  EXPECT_TRUE(spending.unsaved().empty());
  spending.forget(kPolicy);
  EXPECT_EQ(spending.total(kPolicy, kDay), (Spent{kDay, 0, 0}));
}

TEST(Spending, sums_do_not_run_over) {
  Spending spending;
  for (int i = 0; i < 3; ++i) spending.add(kPolicy, kFirst, kDay, UINT64_MAX, UINT64_MAX);
  EXPECT_EQ(spending.total(kPolicy, kDay).bytes, Spending::kMost);
  spending.add(kPolicy, kSecond, kDay, 1, 1);
  EXPECT_EQ(spending.total(kPolicy, kDay).units, Spending::kMost);
  EXPECT_EQ(spending.by_others(kPolicy, kFirst, kDay).bytes, 0U);
}

TEST(Spending, days_are_of_utc) {
  using std::chrono::seconds;
  EXPECT_EQ(day_of(WallTime(seconds(0))), 0);
  EXPECT_EQ(day_of(WallTime(seconds(86'399))), 0);
  EXPECT_EQ(day_of(WallTime(seconds(86'400))), 1);
}

}  // namespace
}  // namespace strongroom::vault
