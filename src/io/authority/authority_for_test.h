// Authorities for io's tests. SPDX-License-Identifier: Apache-2.0
#pragma once

#include "io/authority/session_authority.h"

namespace strongroom::io {

/// Of a seed that none before it had.
inline Result<SessionAuthority> new_authority(const AuthorityFacts& facts) {
  static std::uint8_t made = 0;
  return SessionAuthority::from_seed(Secret(ByteVector(32, ++made)), facts);
}

}  // namespace strongroom::io
