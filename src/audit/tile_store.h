// Tile store: the tree as files, in the layout of C2SP tlog-tiles, and its check from the files
// alone. SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "audit/log.h"
#include "audit/merkle.h"
#include "audit/note.h"

namespace strongroom::audit {

class TileStore {
 public:
  /// Nothing is made until something is kept.
  explicit TileStore(std::string folder) : folder_(std::move(folder)) {}
  /// Leaves a file that holds just this alone. Not synchronised: tiles are made again from the
  /// entries when a crash takes them.
  [[nodiscard]] Status keep(const Tile& tile) const;
  /// A partial tile, by its path, that no checkpoint needs any more.
  void forget(const std::string& path) const;
  /// Durable when it answers, whole at any moment.
  [[nodiscard]] Status keep_checkpoint(std::string_view note) const;
  /// Nothing when there is none.
  [[nodiscard]] Result<std::optional<std::string>> checkpoint() const;
  /// Tampered unless the file holds just this.
  [[nodiscard]] Status expect(const Tile& tile) const;
  /// The entries of the widest kept bundle of that index that has at least `width`.
  [[nodiscard]] Result<ByteVector> bundle(std::uint64_t index, std::size_t width) const;
  [[nodiscard]] const std::string& folder() const { return folder_; }

 private:
  std::string folder_;
};

/// Whether a folder holds tiles.
[[nodiscard]] bool is_tile_folder(const std::string& folder);
/// Checks signature, entries, tiles and root; Tampered names the first entry that does not fit.
[[nodiscard]] Result<Verified> verify_tiles(const std::string& folder,
                                            const crypto::PublicKey& key);
/// Copies the tree under the newest checkpoint, checking it on the way; tiles are made anew.
[[nodiscard]] Result<Verified> export_tiles(const std::string& from, const std::string& to,
                                            const crypto::PublicKey& key);

}  // namespace strongroom::audit
