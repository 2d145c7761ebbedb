// AES-256-GCM (NIST SP 800-38D) with a nonce of 96 bits and a tag of 128. Inside the room, and for
// the published vectors of tests/vectors.
//
// Threads: any. The key is read where it lies, inside Secret::reveal; its schedule is wiped before
// either answers. SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/bytes.h"

namespace strongroom::crypto {

inline constexpr std::size_t kGcmKey = 32;
inline constexpr std::size_t kGcmNonce = 12;
inline constexpr std::size_t kGcmTag = 16;

/// `out` has kGcmTag octets more than `plain`: ciphertext, tag.
void gcm_seal(ByteView key, ByteView nonce, ByteView associated, ByteView plain, MutableBytes out);
/// `out` has kGcmTag octets less than `sealed`; it is not to be used where this answers false.
[[nodiscard]] bool gcm_open(ByteView key, ByteView nonce, ByteView associated, ByteView sealed,
                            MutableBytes out);

}  // namespace strongroom::crypto
