// Verifier: walks the chain, frame by frame. SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>

#include "audit/entries.h"
#include "audit/log.h"
#include "audit/segments.h"

namespace strongroom::audit {

class Verifier {
 public:
  explicit Verifier(crypto::PublicKey key) : key_(key) {}
  /// The entry; nothing for a checkpoint. Tampered, naming the place, when this frame does not
  /// follow from the ones before.
  [[nodiscard]] Result<std::optional<Entry>> take(const Frame& frame);
  [[nodiscard]] const Verified& verified() const { return verified_; }
  [[nodiscard]] const crypto::Digest& head() const { return head_; }
  [[nodiscard]] std::uint64_t last_sequence() const { return last_sequence_; }
  [[nodiscard]] Verified finish() const;

 private:
  [[nodiscard]] Status take_checkpoint(ByteView entry);
  crypto::PublicKey key_;
  crypto::Digest head_{};
  std::uint64_t last_sequence_ = 0;
  Verified verified_;
};

}  // namespace strongroom::audit
