// SPDX-License-Identifier: Apache-2.0
#include "audit/merkle.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstdio>
#include <optional>

#include "base/encoding.h"

namespace strongroom::audit {
namespace {

using crypto::Digest;

/// Root of a perfect subtree: a power of two of hashes.
Digest perfect_root(std::span<const Digest> hashes) {
  std::vector<Digest> row(hashes.begin(), hashes.end());
  for (std::size_t size = row.size(); size > 1; size /= 2)
    for (std::size_t i = 0; i < size / 2; ++i) row[i] = node_hash(row[2 * i], row[2 * i + 1]);
  return row.front();
}

ByteView octets_of(const std::vector<Digest>& hashes) {
  return {hashes.empty() ? nullptr : hashes.front().data(), hashes.size() * sizeof(Digest)};
}

/// Three digits an element, all but the last after an x.
std::string index_path(std::uint64_t index) {
  std::array<char, 8> digits{};
  std::snprintf(digits.data(), digits.size(), "%03u", static_cast<unsigned>(index % 1000));
  std::string path(digits.data());
  while ((index /= 1000) > 0) {
    std::snprintf(digits.data(), digits.size(), "x%03u/", static_cast<unsigned>(index % 1000));
    path.insert(0, digits.data());
  }
  return path;
}

}  // namespace

Digest leaf_hash(ByteView entry) {
  static constexpr std::array<std::uint8_t, 1> kLeaf{0};
  return crypto::sha256(kLeaf, entry);
}

Digest node_hash(const Digest& left, const Digest& right) {
  std::array<std::uint8_t, 65> node{1};
  std::ranges::copy(left, node.begin() + 1);
  std::ranges::copy(right, node.begin() + 33);
  return crypto::sha256(node);
}

std::string Tile::path() const {
  std::string out = "tile/" + (level == kEntries ? "entries" : std::to_string(level)) + "/";
  out += index_path(index);
  if (width < kWidth) out += ".p/" + std::to_string(width);
  return out;
}

Status TileBuilder::append(ByteView entry, const Emit& emit) {
  if (entry.size() > UINT16_MAX)
    return fail(Code::TooLarge, "an entry of the record is longer than 65535 octets");
  Writer writer(bundle_);
  writer.u16(static_cast<std::uint16_t>(entry.size()));
  writer.raw(entry);
  ++size_;
  if (size_ % Tile::kWidth == 0) {
    const Tile tile{Tile::kEntries, size_ / Tile::kWidth - 1, Tile::kWidth, bundle_};
    STRONGROOM_CHECKED(emit(tile));
    bundle_.clear();
  }
  return add(0, leaf_hash(entry), emit);
}

Status TileBuilder::add(std::size_t level, const Digest& hash, const Emit& emit) {
  if (levels_.size() <= level) levels_.emplace_back();
  levels_[level].hashes.push_back(hash);
  if (levels_[level].hashes.size() < Tile::kWidth) return {};
  const Digest root = perfect_root(levels_[level].hashes);
  const Tile tile{static_cast<int>(level), levels_[level].tiles, Tile::kWidth,
                  octets_of(levels_[level].hashes)};
  STRONGROOM_CHECKED(emit(tile));
  ++levels_[level].tiles;
  levels_[level].hashes.clear();
  return add(level + 1, root, emit);
}

Status TileBuilder::emit_partial(const Emit& emit) const {
  const std::size_t entries = size_ % Tile::kWidth;
  if (entries > 0) {
    const Tile tile{Tile::kEntries, size_ / Tile::kWidth, entries, bundle_};
    STRONGROOM_CHECKED(emit(tile));
  }
  for (std::size_t i = 0; i < levels_.size(); ++i) {
    const Level& level = levels_[i];
    if (level.hashes.empty()) continue;
    const Tile tile{static_cast<int>(i), level.tiles, level.hashes.size(), octets_of(level.hashes)};
    STRONGROOM_CHECKED(emit(tile));
  }
  return {};
}

Digest TileBuilder::root() const {
  std::optional<Digest> root;
  // From the right, smallest first: each perfect subtree stands left of what was joined so far.
  for (const Level& level : levels_) {
    std::span<const Digest> rest(level.hashes);
    while (!rest.empty()) {
      const std::size_t size = std::size_t{1}
                               << static_cast<unsigned>(std::countr_zero(rest.size()));
      const Digest subtree = perfect_root(rest.last(size));
      root = root ? node_hash(subtree, *root) : subtree;
      rest = rest.first(rest.size() - size);
    }
  }
  return root ? *root : crypto::sha256(ByteView{});
}

}  // namespace strongroom::audit
