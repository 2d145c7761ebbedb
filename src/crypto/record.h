// The sealed record: how everything secret is kept at rest.
//
//   octet 0   format, 1          octet 1   suite, 1 = HKDF-SHA-256 + AES-256-GCM
//   2..33     salt, 32 random    34..65    commitment    66..77  nonce, 96 random bits    78..
//   ciphertext, 128-bit tag
//
// subkey (32) and commitment (32) = HKDF-SHA-256(key, salt, info = "strongroom record v1" +
// context). The associated data is octets 0..65 and the context, so a record opens only in the
// place it was sealed for. Unknown format or suite: refused. Format: docs/formats/record.md.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/bytes.h"
#include "base/result.h"
#include "base/secret.h"

namespace strongroom::crypto {

/// Octets a record is longer than its plaintext.
inline constexpr std::size_t kRecordOverhead = 1 + 1 + 32 + 32 + 12 + 16;

/// `context` is the canonical, length-prefixed tuple (base/encoding.h Writer) of where the record
/// belongs.
[[nodiscard]] ByteVector seal_record(const Secret& key, ByteView context, const Secret& plain);
/// Tampered when anything differs: key, context or a bit of the record.
[[nodiscard]] Result<Secret> open_record(const Secret& key, ByteView context, ByteView record);

}  // namespace strongroom::crypto
