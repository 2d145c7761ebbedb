// Merkle: the tree over the record's entries (RFC 6962 hashing), in tiles of 256 hashes.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "crypto/crypto.h"

namespace strongroom::audit {

[[nodiscard]] crypto::Digest leaf_hash(ByteView entry);
[[nodiscard]] crypto::Digest node_hash(const crypto::Digest& left, const crypto::Digest& right);

/// A piece of the tree as C2SP tlog-tiles keeps it: up to 256 hashes of one level, or the entries
/// beneath a tile of level 0, each behind its length in two octets.
struct Tile {
  static constexpr std::size_t kWidth = 256;
  static constexpr int kEntries = -1;
  int level = kEntries;
  std::uint64_t index = 0;
  std::size_t width = 0;  ///< below kWidth: partial
  ByteView octets;

  /// "tile/0/x001/234", "tile/entries/000.p/17".
  [[nodiscard]] std::string path() const;
};

/// Takes entries in order and gives tiles. What it keeps is the tree's right edge, so that a copy
/// is cheap: whoever may fail half way works on one.
class TileBuilder {
 public:
  using Emit = std::function<Status(const Tile&)>;
  /// `emit` gets each tile that this entry fills.
  [[nodiscard]] Status append(ByteView entry, const Emit& emit);
  /// The partial tiles of the tree as it is.
  [[nodiscard]] Status emit_partial(const Emit& emit) const;
  [[nodiscard]] std::uint64_t size() const { return size_; }
  [[nodiscard]] crypto::Digest root() const;

 private:
  struct Level {
    std::uint64_t tiles = 0;  ///< full ones before
    std::vector<crypto::Digest> hashes;
  };
  [[nodiscard]] Status add(std::size_t level, const crypto::Digest& hash, const Emit& emit);
  std::vector<Level> levels_;
  ByteVector bundle_;  ///< entries since the last full tile
  std::uint64_t size_ = 0;
};

}  // namespace strongroom::audit
