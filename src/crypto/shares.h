// Shares: a secret divided so that any `threshold` of `count` parts give it back, and fewer say
// nothing of it (Shamir 1979, each octet by a polynomial over GF(2^8) with AES's modulus).
//
// Used by: vault (the seal by shares). Threads: any. Time and memory access depend on the number of
// shares alone, never on what they hold. SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/result.h"
#include "base/secret.h"

namespace strongroom::crypto {

struct Share {
  std::uint8_t index = 0;  ///< where its polynomials were evaluated, from 1 on
  Secret value;            ///< as long as the secret
};

inline constexpr unsigned kMostShares = 255;

/// 2 <= threshold <= count <= kMostShares; Invalid otherwise.
[[nodiscard]] Result<std::vector<Share>> divide(const Secret& secret, unsigned threshold,
                                                unsigned count);
/// Exactly as many as the threshold was. Too few, or others, give a wrong secret and no error: who
/// calls knows the right one when it opens something. Invalid: an index that is zero or there
/// twice, lengths that differ.
[[nodiscard]] Result<Secret> combine(std::span<const Share> shares);

}  // namespace strongroom::crypto
