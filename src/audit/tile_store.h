// Tile store: the tree as files, in the layout of C2SP tlog-tiles, and its check from the files
// alone. SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "audit/cosignature.h"
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
  /// The newest checkpoint that the witness of that name has cosigned; durable likewise.
  [[nodiscard]] Status keep_witnessed(const std::string& name, std::string_view note) const;
  /// Of all witnesses, by file name; the first 16.
  [[nodiscard]] Result<std::map<std::string, std::string>> witnessed() const;
  /// Tampered unless the file holds just this.
  [[nodiscard]] Status expect(const Tile& tile) const;
  /// What is kept of the tile of that level (Tile::kEntries: the entries) and index with at least
  /// `width`: a wider one begins with the same. NotFound where there is none.
  [[nodiscard]] Result<ByteVector> widest(int level, std::uint64_t index, std::size_t width) const;
  [[nodiscard]] const std::string& folder() const { return folder_; }

 private:
  [[nodiscard]] Status keep_note(const std::string& name, std::string_view note) const;
  [[nodiscard]] Result<std::optional<std::string>> note(const std::string& name) const;
  std::string folder_;
};

struct Cosigned {
  TreeHead head;
  WallTime at{};
};
/// The largest tree that the witness has cosigned, of what is kept. NotFound where there is none.
[[nodiscard]] Result<Cosigned> newest_cosigned(const TileStore& store, const crypto::PublicKey& key,
                                               const WitnessKey& witness);

/// Whether a folder holds tiles.
[[nodiscard]] bool is_tile_folder(const std::string& folder);
/// Checks signature, entries, tiles and root; Tampered names the first entry that does not fit.
/// With witnesses: also that what each has cosigned is the beginning of this tree. NotFound where
/// one has cosigned nothing that is there.
[[nodiscard]] Result<Verified> verify_tiles(const std::string& folder, const crypto::PublicKey& key,
                                            std::span<const WitnessKey> witnesses = {});
/// Copies the tree under the newest checkpoint, checking it on the way; tiles are made anew. What
/// witnesses have cosigned comes along.
[[nodiscard]] Result<Verified> export_tiles(const std::string& from, const std::string& to,
                                            const crypto::PublicKey& key);

}  // namespace strongroom::audit
