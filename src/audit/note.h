// Note: checkpoints of the tree as signed notes (C2SP signed-note and tlog-checkpoint), so that
// verifiers of others read them. SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

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

/// Signed text and the lines of its signatures. Views of the note.
struct NoteParts {
  std::string_view text;
  std::vector<std::string_view> signatures;
};
/// Tampered where it is no signed note.
[[nodiscard]] Result<NoteParts> split_note(std::string_view note);
/// Lines, each of which must end.
[[nodiscard]] Result<std::vector<std::string_view>> note_lines(std::string_view text);

struct NoteSignature {
  std::string_view name;
  ByteVector octets;  ///< the key's id in four, and what the key's kind says
};
[[nodiscard]] std::optional<NoteSignature> parse_signature(std::string_view line);
/// Four octets that tell keys of one name apart.
[[nodiscard]] ByteVector note_key_id(std::string_view name, std::uint8_t kind,
                                     const crypto::PublicKey& key);

}  // namespace strongroom::audit
