// Cosignature: what a witness says of a checkpoint (C2SP tlog-cosignature, cosignature/v1): that at
// that time it was of a tree which had only grown since the witness saw it before.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "audit/note.h"
#include "base/clock.h"

namespace strongroom::audit {

struct WitnessKey {
  std::string name;
  crypto::PublicKey key{};
};

/// NAME+HASH+BASE64, as witnesses give their key: Ed25519, of the kind for cosignatures.
[[nodiscard]] Result<WitnessKey> parse_witness_key(std::string_view text);
/// When it was given, if one of the note's signatures is the witness's, of just this text.
[[nodiscard]] std::optional<WallTime> cosigned_at(std::string_view note, const WitnessKey& witness);
/// The note with those of the signature lines in `answer` that are the witness's, of that note.
/// Nothing where none is.
[[nodiscard]] std::optional<std::string> with_cosignature(std::string_view note,
                                                          std::string_view answer,
                                                          const WitnessKey& witness);

/// What one witness has cosigned, as a verification tells it.
struct Witnessed {
  std::string name;
  std::uint64_t entries = 0;
  WallTime at{};
};

}  // namespace strongroom::audit
