// The cryptographic primitives, by OpenSSL 3 (algorithms fetched once) and libargon2.
//
// Used by: store (row authentication), audit, vault, lease, gateway (pass hashes). Threads: any.
// Failures of primitives that cannot fail end the process (STRONGROOM_CHECK).
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <optional>

#include "base/bytes.h"
#include "base/id.h"
#include "base/result.h"
#include "base/secret.h"

namespace strongroom::crypto {

using Digest = std::array<std::uint8_t, 32>;

/// Fills from the kernel's generator; safe after fork.
void random(MutableBytes out);
[[nodiscard]] Secret random_secret(std::size_t size);
template <class AnyId>
[[nodiscard]] AnyId random_id() {
  IdBytes bytes;
  random(bytes);
  return AnyId(bytes);
}

/// FIPS 180-4. About 50 ns for 48 octets.
[[nodiscard]] Digest sha256(ByteView data);
/// Of one after the other, without copying them together.
[[nodiscard]] Digest sha256(ByteView first, ByteView second);
/// RFC 2104.
[[nodiscard]] Digest hmac_sha256(const Secret& key, ByteView data);
/// RFC 4226 (HMAC-SHA-1): the 31-bit number of which a one-time code is the last digits.
[[nodiscard]] std::uint32_t hotp(const Secret& key, std::uint64_t counter);
/// RFC 5869, extract and expand in one.
[[nodiscard]] Secret hkdf_sha256(const Secret& input, ByteView salt, ByteView info,
                                 std::size_t size);

struct Argon2Cost {
  std::uint32_t memory_kib = 64U * 1024U;
  std::uint32_t passes = 3;
  std::uint32_t lanes = 1;
};
/// RFC 9106, Argon2id, 32 octets. Refuses a salt under 16 octets and cost outside sane bounds (8
/// MiB..2 GiB, 1..16 passes).
[[nodiscard]] Result<Secret> argon2id(const Secret& passphrase, ByteView salt,
                                      const Argon2Cost& cost);

/// Ed25519 (RFC 8032).
using PublicKey = std::array<std::uint8_t, 32>;
using Signature = std::array<std::uint8_t, 64>;
[[nodiscard]] Secret generate_signing_key();  ///< 32-octet seed
[[nodiscard]] PublicKey public_key_of(const Secret& signing_key);
[[nodiscard]] Signature sign(const Secret& signing_key, ByteView message);
[[nodiscard]] bool verify(const PublicKey& key, ByteView message, const Signature& signature);

}  // namespace strongroom::crypto
