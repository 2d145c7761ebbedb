// MacKey: HMAC-SHA-256 (RFC 2104) under one key for many messages. What the key makes of its two
// blocks is worked out once: two fifths less for a message of 64 octets, a fifth for one of 500.
//
// Used by: store. Threads: one an object, as its Secret. SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/secret.h"
#include "crypto/crypto.h"

namespace strongroom::crypto {

class MacKey {
 public:
  /// None: nothing may be asked of it.
  MacKey() = default;
  /// Any size; does not keep `key`.
  explicit MacKey(const Secret& key);
  /// For another thread.
  [[nodiscard]] MacKey duplicate() const;

  /// What hmac_sha256() gives for the same key.
  [[nodiscard]] Digest of(ByteView message) const;

 private:
  Secret states_;  ///< of the inner hash and the outer one: as good as the key
};

}  // namespace strongroom::crypto
