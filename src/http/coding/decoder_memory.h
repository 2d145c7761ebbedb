// DecoderMemory: what one decoder may use. It leaves nothing behind of what it decoded, which may
// hold a key, and it has a bottom.
//
// Used by: the engines of content codings, as the allocator of their libraries. Threads: values.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>

namespace strongroom::http {

/// What all decoders of one thread may use together.
class DecoderBudget {
 public:
  explicit DecoderBudget(std::size_t most) : left_(most) {}
  DecoderBudget(const DecoderBudget&) = delete;
  DecoderBudget& operator=(const DecoderBudget&) = delete;
  [[nodiscard]] std::size_t left() const noexcept { return left_; }

 private:
  friend class DecoderMemory;
  std::size_t left_;
};

class DecoderMemory {
 public:
  /// `budget` outlives this.
  DecoderMemory(std::size_t most, DecoderBudget& budget) : left_(most), budget_(budget) {}
  DecoderMemory(const DecoderMemory&) = delete;
  DecoderMemory& operator=(const DecoderMemory&) = delete;

  /// Null when that would be too much.
  [[nodiscard]] void* take(std::size_t size) noexcept;
  /// Wiped, or given back to the system, which clears it.
  void give(void* memory) noexcept;

 private:
  std::size_t left_;
  DecoderBudget& budget_;
};

}  // namespace strongroom::http
