// Segments: a long text sealed piece by piece, so that it streams both ways (the STREAM
// construction): each piece opens only in its place, and the last one only as the last, so that
// nothing can be cut off, added, left out or put elsewhere unnoticed.
//
// A segment is AES-256-GCM of up to kSegmentSize octets under a key that seals one text alone. Its
// nonce is 7 octets of zero, its number (u32), and 1 for the last one, else 0. Threads: one.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "base/bytes.h"
#include "base/result.h"
#include "base/secret.h"

namespace strongroom::crypto {

inline constexpr std::size_t kSegmentSize = 64UL << 10U;
inline constexpr std::size_t kSegmentOverhead = 16;

enum class Place : std::uint8_t { Inner, Last };

/// `key`: 32 octets, random, never used for another text.
class SegmentSealer {
 public:
  explicit SegmentSealer(Secret key) : key_(std::move(key)) {}
  /// The next one.
  [[nodiscard]] ByteVector seal(ByteView plain, Place place);

 private:
  Secret key_;
  std::uint32_t number_ = 0;
};

class SegmentOpener {
 public:
  explicit SegmentOpener(Secret key) : key_(std::move(key)) {}
  /// Tampered where it is not the next one, or was changed.
  [[nodiscard]] Result<ByteVector> open(ByteView segment, Place place);

 private:
  Secret key_;
  std::uint32_t number_ = 0;
};

}  // namespace strongroom::crypto
