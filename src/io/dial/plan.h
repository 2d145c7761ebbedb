// Which of a name's addresses are dialled, and in which order (RFC 8305 4). For io's own files.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <vector>

#include "io/dial/resolver.h"
#include "io/net.h"

namespace strongroom::io {

/// Of one name; each costs a socket for as long as the dial lasts.
inline constexpr std::size_t kMaxDialled = 8;

struct DialPlan {
  std::vector<ResolvedAddress> addresses;  ///< at most kMaxDialled, in the order of their attempts
  std::size_t refused = 0;  ///< private ones and this machine's, which are never dialled
  std::size_t surplus = 0;  ///< allowed, but beyond kMaxDialled
};

/// Families alternate, IPv6 first; within one the resolver's order stays. What the hint knows comes
/// before or after all others.
[[nodiscard]] DialPlan plan_dial(const std::vector<ResolvedAddress>& found, PrivateAddresses policy,
                                 const DialHint& hint);

}  // namespace strongroom::io
