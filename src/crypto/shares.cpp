// SPDX-License-Identifier: Apache-2.0
#include "crypto/shares.h"

#include "crypto/crypto.h"

namespace strongroom::crypto {
namespace {

/// Multiplication modulo x^8 + x^4 + x^3 + x + 1, without a table and without a branch on content.
std::uint8_t multiply(unsigned a, unsigned b) {
  unsigned product = 0;
  for (int bit = 0; bit < 8; ++bit) {
    product ^= a & (0U - (b & 1U));
    const unsigned overflow = 0U - (a >> 7U & 1U);
    a = (a << 1U & 0xFFU) ^ (overflow & 0x1BU);
    b >>= 1U;
  }
  return static_cast<std::uint8_t>(product);
}

/// a^254: the inverse; zero gives zero.
std::uint8_t inverse(std::uint8_t a) {
  std::uint8_t power = 1;
  for (int bit = 7; bit >= 0; --bit) {
    power = multiply(power, power);
    if (bit != 0) power = multiply(power, a);
  }
  return power;
}

/// The value at `x` of a polynomial by its coefficients, the highest first (Horner).
std::uint8_t evaluate(ByteView coefficients, std::size_t stride, std::size_t octet,
                      std::uint8_t constant, std::uint8_t x) {
  std::uint8_t value = 0;
  for (std::size_t at = octet; at < coefficients.size(); at += stride)
    value = static_cast<std::uint8_t>(multiply(value, x) ^ coefficients[at]);
  return static_cast<std::uint8_t>(multiply(value, x) ^ constant);
}

/// Lagrange's coefficient of one share for the value at zero.
std::uint8_t weight_of(std::span<const Share> shares, const Share& share) {
  std::uint8_t weight = 1;
  for (const Share& other : shares) {
    if (other.index == share.index) continue;
    const auto difference = static_cast<std::uint8_t>(other.index ^ share.index);
    weight = multiply(weight, multiply(other.index, inverse(difference)));
  }
  return weight;
}

Status check(std::span<const Share> shares) {
  for (std::size_t i = 0; i < shares.size(); ++i) {
    if (shares[i].index == 0 || shares[i].value.size() != shares[0].value.size())
      return fail(Code::Invalid, "a share is malformed");
    for (std::size_t j = 0; j < i; ++j)
      if (shares[j].index == shares[i].index)
        return fail(Code::Invalid, "the same share is there twice");
  }
  return {};
}

}  // namespace

Result<std::vector<Share>> divide(const Secret& secret, unsigned threshold, unsigned count) {
  if (threshold < 2 || threshold > count || count > kMostShares || secret.is_empty())
    return fail(Code::Invalid,
                "of N shares at least 2 and at most N are needed, and N is at most 255");
  // threshold - 1 random coefficients for each octet, the highest first.
  const Secret coefficients = random_secret(secret.size() * (threshold - 1));
  std::vector<Share> shares(count);
  for (unsigned i = 0; i < count; ++i) {
    Share& share = shares[i];
    share.index = static_cast<std::uint8_t>(i + 1);
    share.value = Secret::of_size(secret.size());
    secret.reveal([&](ByteView plain) {
      coefficients.reveal([&](ByteView random) {
        share.value.reveal_mutable([&](MutableBytes out) {
          for (std::size_t octet = 0; octet < plain.size(); ++octet)
            out[octet] = evaluate(random, plain.size(), octet, plain[octet], share.index);
        });
      });
    });
  }
  return shares;
}

Result<Secret> combine(std::span<const Share> shares) {
  if (shares.size() < 2) return fail(Code::Invalid, "at least two shares are needed");
  STRONGROOM_CHECKED(check(shares));
  Secret secret = Secret::of_size(shares[0].value.size());
  secret.reveal_mutable([&](MutableBytes out) {
    for (const Share& share : shares) {
      const std::uint8_t weight = weight_of(shares, share);
      share.value.reveal([&](ByteView values) {
        for (std::size_t octet = 0; octet < out.size(); ++octet)
          out[octet] ^= multiply(weight, values[octet]);
      });
    }
  });
  return secret;
}

}  // namespace strongroom::crypto
