// SPDX-License-Identifier: Apache-2.0
#include "gateway/upstream/kept_body.h"

#include <gtest/gtest.h>

#include <string>

namespace strongroom::gateway {
namespace {

constexpr std::size_t kBudget = 100UL << 10U;

class KeptBodyTest : public testing::Test {
 protected:
  void add(KeptBody& body, const std::string& text) { body.add(bytes_of(text)); }
  KeptBudget budget{kBudget};
};

TEST_F(KeptBodyTest, KeepsAllThatWasAdded) {
  KeptBody body;
  body.begin(budget);
  EXPECT_TRUE(body.is_whole());
  EXPECT_TRUE(body.octets().empty());
  std::string all;
  for (int number = 0; number < 100; ++number) {
    const std::string piece(static_cast<std::size_t>(number), static_cast<char>('a' + number % 26));
    add(body, piece);
    all += piece;
  }
  EXPECT_EQ(text_of(body.octets()), all);
  EXPECT_FALSE(body.has_ended());
  body.end();
  EXPECT_TRUE(body.has_ended());
}

TEST_F(KeptBodyTest, KeepsNothingBeforeItBegins) {
  KeptBody body;
  add(body, "lost");
  EXPECT_FALSE(body.is_whole());
  EXPECT_TRUE(body.octets().empty());
}

TEST_F(KeptBodyTest, IsFullToTheLastOctetAndForgottenWithTheNext) {
  KeptBody body;
  body.begin(budget);
  add(body, std::string(KeptBody::kMost, 'x'));
  EXPECT_TRUE(body.is_whole());
  EXPECT_EQ(budget.left(), kBudget - KeptBody::kMost);
  add(body, "y");
  EXPECT_FALSE(body.is_whole());
  EXPECT_TRUE(body.octets().empty());
  EXPECT_EQ(budget.left(), kBudget);
  add(body, "z");
  EXPECT_TRUE(body.octets().empty()) << "a part is never taken for the whole";
}

TEST_F(KeptBodyTest, AllTogetherTakeNoMoreThanTheBudget) {
  KeptBody one;
  KeptBody other;
  one.begin(budget);
  other.begin(budget);
  add(one, std::string(60'000, 'x'));
  add(other, std::string(60'000, 'y'));
  EXPECT_TRUE(one.is_whole());
  EXPECT_FALSE(other.is_whole());
  one.forget();
  EXPECT_EQ(budget.left(), kBudget);
}

TEST_F(KeptBodyTest, GivesBackWhatItTookHoweverItEnds) {
  {
    KeptBody body;
    body.begin(budget);
    add(body, "some");
    KeptBody moved = std::move(body);
    EXPECT_EQ(text_of(moved.octets()), "some");
    EXPECT_LT(budget.left(), kBudget);
    moved = KeptBody();
    EXPECT_EQ(budget.left(), kBudget);
    moved.begin(budget);
    add(moved, std::string(5000, 'x'));
  }
  EXPECT_EQ(budget.left(), kBudget);
}

}  // namespace
}  // namespace strongroom::gateway
