// SPDX-License-Identifier: Apache-2.0
#include "crypto/shares.h"

#include <gtest/gtest.h>

#include <array>
#include <set>

#include "base/encoding.h"
#include "crypto/crypto.h"

namespace strongroom::crypto {
namespace {

std::vector<Share> chosen(const std::vector<Share>& all, std::initializer_list<std::size_t> which) {
  std::vector<Share> some;
  for (const std::size_t each : which)
    some.push_back({all[each].index, all[each].value.duplicate()});
  return some;
}

Share share(std::uint8_t index, std::string_view hex) {
  return {index, Secret(*from_hex(hex))};
}

TEST(Shares, AnyThresholdOfThemGiveTheSecret) {
  const Secret secret = random_secret(32);
  const auto all = divide(secret, 3, 5);
  ASSERT_TRUE(all);
  ASSERT_EQ(all->size(), 5U);
  for (std::size_t a = 0; a < 5; ++a)
    for (std::size_t b = 0; b < 5; ++b)
      for (std::size_t c = 0; c < 5; ++c) {
        if (a == b || b == c || a == c) continue;
        const auto whole = combine(chosen(*all, {a, b, c}));
        ASSERT_TRUE(whole);
        EXPECT_TRUE(whole->equals(secret));
      }
}

TEST(Shares, FewerGiveSomethingElse) {
  const Secret secret = random_secret(32);
  const auto all = divide(secret, 3, 5);
  ASSERT_TRUE(all);
  const auto part = combine(chosen(*all, {0, 4}));
  ASSERT_TRUE(part);
  EXPECT_FALSE(part->equals(secret));
}

/// With one share known, every value of the secret is still possible, and by exactly one other
/// share: two of two say nothing alone.
TEST(Shares, OneShareOfTwoSaysNothing) {
  std::set<std::uint8_t> possible;
  for (unsigned value = 0; value < 256; ++value) {
    const std::array<std::uint8_t, 1> octet = {static_cast<std::uint8_t>(value)};
    std::vector<Share> shares;
    shares.push_back(share(1, "5a"));
    shares.push_back({2, Secret(octet)});
    const auto secret = combine(shares);
    ASSERT_TRUE(secret);
    possible.insert(secret->reveal([](ByteView plain) { return plain[0]; }));
  }
  EXPECT_EQ(possible.size(), 256U);
}

/// FIPS 197 works out {57} times {83} as {c1}; the others lie on {42} + {17} x + {2e} x^2.
TEST(Shares, AreThoseOfTheFieldOfAes) {
  std::vector<Share> product;  // the line 0 + {57} x: at {83} it is {c1}
  product.push_back(share(1, "57"));
  product.push_back(share(0x83, "c1"));
  const auto zero = combine(product);
  ASSERT_TRUE(zero);
  EXPECT_EQ(zero->reveal([](ByteView plain) { return plain[0]; }), 0U);
  std::vector<Share> quadratic;
  quadratic.push_back(share(1, "7b"));  // 42 ^ 17 ^ 2e
  quadratic.push_back(share(2, "d4"));  // 42 ^ 2e ^ b8
  quadratic.push_back(share(3, "ed"));  // 42 ^ 39 ^ 96
  const auto constant = combine(quadratic);
  ASSERT_TRUE(constant);
  EXPECT_EQ(constant->reveal([](ByteView plain) { return plain[0]; }), 0x42U);
}

TEST(Shares, WhatCannotBeIsRefused) {
  const Secret secret = random_secret(32);
  EXPECT_FALSE(divide(secret, 1, 3));
  EXPECT_FALSE(divide(secret, 4, 3));
  EXPECT_FALSE(divide(secret, 2, 256));
  EXPECT_FALSE(divide(Secret(), 2, 3));
  const auto all = divide(secret, 2, 255);
  ASSERT_TRUE(all);
  EXPECT_TRUE(combine(chosen(*all, {0, 254}))->equals(secret));
  EXPECT_FALSE(combine(chosen(*all, {7, 7})));
  EXPECT_FALSE(combine(chosen(*all, {7})));
  std::vector<Share> uneven;
  uneven.push_back(share(1, "00"));
  uneven.push_back(share(2, "0000"));
  EXPECT_FALSE(combine(uneven));
  std::vector<Share> at_zero;
  at_zero.push_back(share(0, "00"));
  at_zero.push_back(share(2, "00"));
  EXPECT_FALSE(combine(at_zero));
}

}  // namespace
}  // namespace strongroom::crypto
