// SPDX-License-Identifier: Apache-2.0
#include "audit/tile_store.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>

#include "base/encoding.h"
#include "base/owned_descriptor.h"
#include "base/replaced_file.h"

namespace strongroom::audit {
namespace {

constexpr std::size_t kMaxTile = Tile::kWidth * (2 + UINT16_MAX);
constexpr std::size_t kMaxNote = 64UL << 10U;
constexpr std::size_t kMostWitnesses = 16;
constexpr mode_t kMode = 0600;

std::unexpected<Error> cannot(const std::string& what, const std::string& path) {
  return fail(errno == ENOENT ? Code::NotFound : Code::Storage,
              "cannot " + what + " " + path + ": " + std::strerror(errno));
}

Result<ByteVector> read_whole(const std::string& path, std::size_t limit) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
  if (fd < 0) return cannot("read", path);
  struct stat info{};
  const bool is_fine = ::fstat(fd, &info) == 0 && S_ISREG(info.st_mode) &&
                       static_cast<std::uint64_t>(info.st_size) <= limit;
  ByteVector octets(is_fine ? static_cast<std::size_t>(info.st_size) : 0);
  const ssize_t got = is_fine ? ::read(fd, octets.data(), octets.size()) : -1;
  ::close(fd);
  if (got < 0 || static_cast<std::size_t>(got) != octets.size())
    return fail(Code::Storage, "cannot read " + path + " whole");
  return octets;
}

Status make_folders(const std::string& folder) {
  std::error_code problem;
  std::filesystem::create_directories(folder, problem);
  if (problem) return fail(Code::Storage, "cannot make " + folder + ": " + problem.message());
  return {};
}

/// The first entry beneath a tile, counted from 1.
std::uint64_t first_entry(const Tile& tile) {
  const unsigned level = tile.level < 0 ? 1 : static_cast<unsigned>(tile.level) + 1;
  return (tile.index << (8 * level)) + 1;
}

/// How a tile of level 0 tells the place exactly.
std::uint64_t first_difference(const Tile& tile, ByteView kept) {
  if (tile.level != 0) return first_entry(tile);
  const auto [ours, theirs] = std::ranges::mismatch(tile.octets, kept);
  return first_entry(tile) + static_cast<std::uint64_t>(ours - tile.octets.begin()) / 32;
}

/// Walks the entries under a signed head; `emit` gets their tiles as they come out.
class TreeWalk {
 public:
  TreeWalk(const TileStore& store, TreeHead head) : store_(store), head_(head) {}
  /// An earlier head, at most as large, that the tree must have had, and who says so.
  void expect(const TreeHead& earlier, const std::string& witness) {
    earlier_.emplace(earlier.size, Earlier{earlier.root, witness});
  }
  Status run(const TileBuilder::Emit& emit) {
    for (std::uint64_t index = 0; builder_.size() < head_.size; ++index)
      STRONGROOM_CHECKED(take_bundle(index, emit));
    STRONGROOM_CHECKED(builder_.emit_partial(emit));
    if (builder_.root() == head_.root) return {};
    return fail(Code::Tampered,
                "the record's entries are not those under its signed checkpoint of " +
                    std::to_string(head_.size) + " entries");
  }

 private:
  Status take_bundle(std::uint64_t index, const TileBuilder::Emit& emit) {
    const std::uint64_t wanted =
        std::min<std::uint64_t>(Tile::kWidth, head_.size - index * Tile::kWidth);
    auto octets = store_.widest(Tile::kEntries, index, static_cast<std::size_t>(wanted));
    if (!octets)
      return fail(Code::Tampered, "the record's entries from " +
                                      std::to_string(builder_.size() + 1) +
                                      " on are missing: " + octets.error().message);
    Reader in(*octets);
    for (std::uint64_t i = 0; i < wanted; ++i) {
      const ByteView entry = in.raw(in.u16());
      if (!in.is_ok()) return misfit("is cut short");
      STRONGROOM_CHECKED(take(entry, emit));
    }
    return {};
  }
  Status take(ByteView octets, const TileBuilder::Emit& emit) {
    const auto entry = decode_entry(octets);
    if (!entry) return misfit("is malformed");
    if (entry->sequence <= last_) return misfit("is out of order");
    last_ = entry->sequence;
    STRONGROOM_CHECKED(builder_.append(octets, emit));
    return check_earlier();
  }
  Status check_earlier() {
    const auto [first, last] = earlier_.equal_range(builder_.size());
    for (auto each = first; each != last; ++each)
      if (each->second.root != builder_.root())
        return fail(Code::Tampered, "the record's first " + std::to_string(builder_.size()) +
                                        " entries are not those that the witness '" +
                                        each->second.witness + "' has cosigned");
    return {};
  }
  [[nodiscard]] std::unexpected<Error> misfit(const std::string& what) const {
    return fail(Code::Tampered,
                "the record's entry " + std::to_string(builder_.size() + 1) + " " + what);
  }
  struct Earlier {
    crypto::Digest root;
    std::string witness;
  };
  const TileStore& store_;
  TreeHead head_;
  std::multimap<std::uint64_t, Earlier> earlier_;
  TileBuilder builder_;
  std::uint64_t last_ = 0;
};

Result<TreeHead> newest_head(const TileStore& store, const crypto::PublicKey& key) {
  STRONGROOM_TRY(const auto note, store.checkpoint());
  if (!note) return fail(Code::NotFound, "there is no checkpoint in " + store.folder());
  return open_checkpoint(*note, key);
}

Verified verified_of(const TreeHead& head) {
  Verified out;
  out.entries = head.size;
  out.checkpoints = 1;
  out.head = to_hex(head.root);
  out.tree_size = head.size;
  out.tree_root = to_base64(head.root);
  return out;
}

}  // namespace

/// A busy record makes hundreds a second: under their own names at once, as nobody reads what no
/// checkpoint covers yet.
Status TileStore::keep(const Tile& tile) const {
  const std::string path = folder_ + "/" + tile.path();
  bool is_kept = make_file(path, tile.octets, kMode);
  if (!is_kept && errno == ENOENT) {
    STRONGROOM_CHECKED(make_folders(std::filesystem::path(path).parent_path()));
    is_kept = make_file(path, tile.octets, kMode);
  }
  if (!is_kept && errno == EEXIST) {
    const auto kept = read_whole(path, kMaxTile);
    is_kept = (kept && std::ranges::equal(*kept, tile.octets)) ||
              replace_file(path, tile.octets, kMode, Outlives::Process);
  }
  return is_kept ? Status() : cannot("write", path);
}

void TileStore::forget(const std::string& path) const {
  const std::string file = folder_ + "/" + path;
  ::unlink(file.c_str());
  ::rmdir(std::filesystem::path(file).parent_path().c_str());  // once nothing is in it
}

Status TileStore::keep_checkpoint(std::string_view note) const {
  return keep_note("checkpoint", note);
}

Result<std::optional<std::string>> TileStore::checkpoint() const {
  return note("checkpoint");
}

Status TileStore::keep_witnessed(const std::string& name, std::string_view note) const {
  STRONGROOM_CHECKED(make_folders(folder_ + "/witnessed"));
  return keep_note("witnessed/" + name, note);
}

Result<std::map<std::string, std::string>> TileStore::witnessed() const {
  std::map<std::string, std::string> out;
  std::error_code problem;
  for (const auto& file : std::filesystem::directory_iterator(folder_ + "/witnessed", problem)) {
    const std::string name = file.path().filename();
    if (name.ends_with(".new") || out.size() == kMostWitnesses) continue;
    STRONGROOM_TRY(auto found, note("witnessed/" + name));
    if (found) out.emplace(name, std::move(*found));
  }
  return out;
}

Status TileStore::keep_note(const std::string& name, std::string_view note) const {
  const std::string path = folder_ + "/" + name;
  STRONGROOM_CHECKED(make_folders(folder_));
  if (!replace_file(path, bytes_of(note), kMode, Outlives::PowerLoss)) return cannot("write", path);
  (void)synchronise_folder_of(path);
  return {};
}

Result<std::optional<std::string>> TileStore::note(const std::string& name) const {
  auto octets = read_whole(folder_ + "/" + name, kMaxNote);
  if (octets) return std::string(octets->begin(), octets->end());
  if (octets.error().code == Code::NotFound) return std::optional<std::string>();
  return std::unexpected(octets.error());
}

Status TileStore::expect(const Tile& tile) const {
  const auto kept = read_whole(folder_ + "/" + tile.path(), kMaxTile);
  if (kept && std::ranges::equal(*kept, tile.octets)) return {};
  const std::uint64_t place = kept ? first_difference(tile, *kept) : first_entry(tile);
  return fail(Code::Tampered, "the record does not fit from entry " + std::to_string(place) +
                                  " on: " + tile.path() + (kept ? " differs" : " is missing"));
}

Result<ByteVector> TileStore::widest(int level, std::uint64_t index, std::size_t width) const {
  Result<ByteVector> found = fail(Code::NotFound, "there is no such tile");
  for (std::size_t each = width; each <= Tile::kWidth && !found; ++each) {
    const Tile tile{level, index, each, {}};
    found = read_whole(folder_ + "/" + tile.path(), kMaxTile);
    if (!found && found.error().code != Code::NotFound) return found;
  }
  return found;
}

bool is_tile_folder(const std::string& folder) {
  std::error_code problem;
  return std::filesystem::exists(folder + "/checkpoint", problem) ||
         std::filesystem::exists(folder + "/tile", problem);
}

Result<Cosigned> newest_cosigned(const TileStore& store, const crypto::PublicKey& key,
                                 const WitnessKey& witness) {
  STRONGROOM_TRY(const auto notes, store.witnessed());
  std::optional<Cosigned> newest;
  for (const auto& [name, note] : notes) {
    const auto at = cosigned_at(note, witness);
    if (!at) continue;
    STRONGROOM_TRY(const TreeHead head, open_checkpoint(note, key));
    if (!newest || head.size > newest->head.size) newest = Cosigned{head, *at};
  }
  if (newest) return *newest;
  return fail(Code::NotFound, "no checkpoint in " + store.folder() +
                                  "/witnessed is cosigned by the witness '" + witness.name + "'");
}

Result<Verified> verify_tiles(const std::string& folder, const crypto::PublicKey& key,
                              std::span<const WitnessKey> witnesses) {
  const TileStore store(folder);
  STRONGROOM_TRY(const TreeHead head, newest_head(store, key));
  TreeWalk walk(store, head);
  Verified out = verified_of(head);
  for (const WitnessKey& witness : witnesses) {
    STRONGROOM_TRY(const auto newest, newest_cosigned(store, key, witness));
    if (newest.head.size > head.size)
      return fail(Code::Tampered, "the record has " + std::to_string(head.size) +
                                      " entries, and the witness '" + witness.name + "' has seen " +
                                      std::to_string(newest.head.size));
    walk.expect(newest.head, witness.name);
    out.witnessed.push_back({witness.name, newest.head.size, newest.at});
  }
  STRONGROOM_CHECKED(walk.run([&](const Tile& tile) { return store.expect(tile); }));
  return out;
}

Result<Verified> export_tiles(const std::string& from, const std::string& to,
                              const crypto::PublicKey& key) {
  const TileStore source(from);
  const TileStore copy(to);
  STRONGROOM_TRY(const auto note, source.checkpoint());
  if (!note) return fail(Code::NotFound, "there is no checkpoint in " + from + " yet");
  STRONGROOM_TRY(const TreeHead head, open_checkpoint(*note, key));
  TreeWalk walk(source, head);
  STRONGROOM_CHECKED(walk.run([&](const Tile& tile) { return copy.keep(tile); }));
  STRONGROOM_CHECKED(copy.keep_checkpoint(*note));
  STRONGROOM_TRY(const auto witnessed, source.witnessed());
  for (const auto& [name, cosigned] : witnessed) {
    // One that was cosigned since then is of a larger tree.
    const auto earlier = open_checkpoint(cosigned, key);
    if (earlier && earlier->size > head.size) continue;
    STRONGROOM_CHECKED(copy.keep_witnessed(name, cosigned));
  }
  return verified_of(head);
}

}  // namespace strongroom::audit
