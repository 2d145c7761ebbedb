// SPDX-License-Identifier: Apache-2.0
#include "audit/consistency.h"

#include <algorithm>
#include <bit>

namespace strongroom::audit {
namespace {

using crypto::Digest;

/// The largest power of two below `size`, which is 2 or more.
std::uint64_t split_of(std::uint64_t size) {
  return std::bit_floor(size - 1);
}

class ProofReader {
 public:
  ProofReader(const TileStore& store, std::uint64_t size) : store_(store), size_(size) {}

  /// RFC 9162 2.1.4.1, SUBPROOF(m, D[begin:end], b).
  Status prove(std::uint64_t old_size, std::uint64_t begin, std::uint64_t end, bool is_whole) {
    if (old_size == end - begin) return is_whole ? Status() : add(begin, end);
    const std::uint64_t middle = begin + split_of(end - begin);
    if (old_size <= middle - begin) {
      STRONGROOM_CHECKED(prove(old_size, begin, middle, is_whole));
      return add(middle, end);
    }
    STRONGROOM_CHECKED(prove(old_size - (middle - begin), middle, end, false));
    return add(begin, middle);
  }
  [[nodiscard]] std::vector<Digest> take() { return std::move(proof_); }

 private:
  Status add(std::uint64_t begin, std::uint64_t end) {
    STRONGROOM_TRY(const Digest root, root_of(begin, end));
    proof_.push_back(root);
    return {};
  }

  Result<Digest> root_of(std::uint64_t begin, std::uint64_t end) {
    if (std::has_single_bit(end - begin)) return perfect_root(begin, end - begin);
    const std::uint64_t middle = begin + split_of(end - begin);
    STRONGROOM_TRY(const Digest left, root_of(begin, middle));
    STRONGROOM_TRY(const Digest right, root_of(middle, end));
    return node_hash(left, right);
  }

  /// Of a power of two of entries, of which `begin` is a multiple.
  Result<Digest> perfect_root(std::uint64_t begin, std::uint64_t size) {
    const auto height = static_cast<unsigned>(std::countr_zero(size));
    const unsigned level = height / 8;
    const std::uint64_t first = begin >> (8 * level);  // a hash of that level
    const std::uint64_t count = std::uint64_t{1} << (height % 8);
    STRONGROOM_TRY(auto hashes, hashes_of(level, first, count));
    for (; hashes.size() > 1; hashes.resize(hashes.size() / 2))
      for (std::size_t i = 0; i < hashes.size() / 2; ++i)
        hashes[i] = node_hash(hashes[2 * i], hashes[2 * i + 1]);
    return hashes.front();
  }

  Result<std::vector<Digest>> hashes_of(unsigned level, std::uint64_t first, std::uint64_t count) {
    const std::uint64_t tile = first / Tile::kWidth;
    const std::uint64_t under = size_ >> (8 * level);  // hashes of that level in the whole tree
    const std::uint64_t width = std::min<std::uint64_t>(Tile::kWidth, under - tile * Tile::kWidth);
    STRONGROOM_TRY(const auto octets,
                   store_.widest(static_cast<int>(level), tile, static_cast<std::size_t>(width)));
    const auto place = static_cast<std::size_t>(first % Tile::kWidth) * sizeof(Digest);
    const auto wanted = static_cast<std::size_t>(count) * sizeof(Digest);
    if (octets.size() < place + wanted)
      return fail(Code::Tampered, "a tile of the record is cut short");
    std::vector<Digest> out(static_cast<std::size_t>(count));
    for (std::size_t i = 0; i < out.size(); ++i)
      std::copy_n(octets.begin() + static_cast<std::ptrdiff_t>(place + i * sizeof(Digest)),
                  sizeof(Digest), out[i].begin());
    return out;
  }

  const TileStore& store_;
  std::uint64_t size_;
  std::vector<Digest> proof_;
};

}  // namespace

Result<std::vector<Digest>> consistency_proof(const TileStore& store, std::uint64_t old_size,
                                              const TreeHead& head) {
  if (old_size > head.size)
    return fail(Code::Invalid, "the tree has fewer entries than it is to have grown from");
  if (old_size == 0 || old_size == head.size) return std::vector<Digest>();
  ProofReader reader(store, head.size);
  STRONGROOM_CHECKED(reader.prove(old_size, 0, head.size, true));
  return reader.take();
}

/// RFC 9162 2.1.4.2.
Status check_consistency(const TreeHead& old_head, const TreeHead& head,
                         const std::vector<Digest>& proof) {
  const auto misfit = fail(Code::Tampered, "the record is not what has grown from its " +
                                               std::to_string(old_head.size) + " first entries");
  if (old_head.size == head.size)
    return old_head.root == head.root && proof.empty() ? Status() : Status(misfit);
  if (old_head.size == 0) return proof.empty() ? Status() : Status(misfit);
  if (old_head.size > head.size) return misfit;
  std::vector<Digest> path(proof);
  if (std::has_single_bit(old_head.size)) path.insert(path.begin(), old_head.root);
  if (path.empty()) return misfit;
  std::uint64_t old_node = old_head.size - 1;
  std::uint64_t node = head.size - 1;
  for (; (old_node & 1U) != 0; old_node >>= 1U) node >>= 1U;
  Digest old_root = path.front();
  Digest root = path.front();
  for (std::size_t i = 1; i < path.size(); ++i) {
    if (node == 0) return misfit;
    if ((old_node & 1U) != 0 || old_node == node) {
      old_root = node_hash(path[i], old_root);
      root = node_hash(path[i], root);
      for (; (old_node & 1U) == 0 && old_node != 0; old_node >>= 1U) node >>= 1U;
    } else {
      root = node_hash(root, path[i]);
    }
    old_node >>= 1U;
    node >>= 1U;
  }
  const bool is_right = node == 0 && old_root == old_head.root && root == head.root;
  return is_right ? Status() : Status(misfit);
}

}  // namespace strongroom::audit
