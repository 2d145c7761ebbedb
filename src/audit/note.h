// Note: checkpoints of the tree as signed notes (C2SP signed-note and tlog-checkpoint), so that
// verifiers of others read them. SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/secret.h"
#include "crypto/crypto.h"

namespace strongroom::audit {

struct TreeHead {
  std::uint64_t size = 0;
  crypto::Digest root{};
};

/// The record's name in checkpoints: "strongroom.record/" and 16 hex digits of the key's hash.
[[nodiscard]] std::string origin_of(const crypto::PublicKey& key);
/// The key as verifiers of signed notes take it: NAME+HASH+BASE64.
[[nodiscard]] std::string verifier_key(const crypto::PublicKey& key);
[[nodiscard]] std::string sign_checkpoint(const Secret& signing_key, const TreeHead& head);
/// Tampered unless `key` signed it for its own origin. Signatures of others are passed over.
[[nodiscard]] Result<TreeHead> open_checkpoint(std::string_view note, const crypto::PublicKey& key);

}  // namespace strongroom::audit
