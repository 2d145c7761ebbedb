// Sha256: OpenSSL's SHA-256 (FIPS 180-4) without what EVP puts around it: that costs 45 ns a hash,
// as much as 80 octets more, and a million rows or a second of a busy record need millions. Inside
// the room only. Threads: one an object. SPDX-License-Identifier: Apache-2.0
#pragma once

#include <openssl/sha.h>

#include <cstddef>

#include "base/bytes.h"

namespace strongroom::crypto {

/// Wiped at its end: what it was fed may be a key.
class Sha256 {
 public:
  static constexpr std::size_t kBlock = SHA256_CBLOCK;
  /// Octets of what one whole block leaves, in the machine's order.
  static constexpr std::size_t kState = sizeof(SHA256_CTX::h);

  Sha256();
  /// Goes on behind the block that left `state`.
  explicit Sha256(ByteView state);
  Sha256(const Sha256&) = delete;
  Sha256& operator=(const Sha256&) = delete;
  ~Sha256();

  Sha256& update(ByteView octets);
  /// After one block exactly.
  void save(MutableBytes state) const;
  /// Ends it.
  void finish(MutableBytes digest);

 private:
  SHA256_CTX context_;
};

}  // namespace strongroom::crypto
