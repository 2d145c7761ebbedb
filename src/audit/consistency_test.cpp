// Proofs that the tree has only grown. SPDX-License-Identifier: Apache-2.0
#include "audit/consistency.h"

#include <gtest/gtest.h>
#include <unistd.h>
#include <cstdlib>
#include <filesystem>

namespace strongroom::audit {
namespace {

/// A tree of so many entries in a folder, with the root of each size on the way.
class Consistency : public ::testing::Test {
 protected:
  Consistency() {
    std::string pattern = ::testing::TempDir() + "treeXXXXXX";
    folder = ::mkdtemp(pattern.data());
  }
  ~Consistency() override { std::filesystem::remove_all(folder); }
  void grow(std::size_t size) {
    const TileStore store(folder);
    TileBuilder tree;
    heads.push_back({0, tree.root()});
    for (std::size_t i = 0; i < size; ++i) {
      const std::string entry = "entry " + std::to_string(i);
      ASSERT_TRUE(tree.append(bytes_of(entry), [&](const Tile& tile) { return store.keep(tile); }));
      heads.push_back({i + 1, tree.root()});
    }
    ASSERT_TRUE(tree.emit_partial([&](const Tile& tile) { return store.keep(tile); }));
  }
  Result<std::vector<crypto::Digest>> proof(std::size_t from, std::size_t to) {
    return consistency_proof(TileStore(folder), from, heads[to]);
  }
  std::string folder;
  std::vector<TreeHead> heads;
};

TEST_F(Consistency, is_proven_between_any_two_sizes) {
  grow(70);
  for (std::size_t to = 1; to <= 70; ++to)
    for (std::size_t from = 0; from <= to; ++from) {
      const auto proven = proof(from, to);
      ASSERT_TRUE(proven) << proven.error().message;
      ASSERT_TRUE(check_consistency(heads[from], heads[to], *proven)) << from << " to " << to;
    }
}

TEST_F(Consistency, is_proven_over_the_ends_of_tiles) {
  grow(66'000);
  for (const std::size_t to : {255U, 256U, 257U, 511U, 1000U, 65'535U, 65'536U, 65'537U, 66'000U})
    for (const std::size_t from : {1U, 3U, 128U, 255U, 256U, 257U, 700U, 4096U, 65'536U, 65'999U}) {
      if (from > to) continue;
      const auto proven = proof(from, to);
      ASSERT_TRUE(proven) << proven.error().message;
      ASSERT_TRUE(check_consistency(heads[from], heads[to], *proven)) << from << " to " << to;
    }
}

TEST_F(Consistency, is_refused_where_anything_is_another) {
  grow(40);
  for (std::size_t to = 2; to <= 40; ++to)
    for (std::size_t from = 1; from < to; ++from) {
      const auto good = *proof(from, to);
      EXPECT_FALSE(check_consistency(heads[from], heads[to - 1], good) && from != to - 1);
      TreeHead other = heads[from];
      other.root[0] ^= 1;
      EXPECT_FALSE(check_consistency(other, heads[to], good));
      auto longer = good;
      longer.push_back(heads[to].root);
      EXPECT_FALSE(check_consistency(heads[from], heads[to], longer));
      auto shorter = good;
      shorter.pop_back();
      EXPECT_FALSE(check_consistency(heads[from], heads[to], shorter));
      for (std::size_t i = 0; i < good.size(); ++i) {
        auto changed = good;
        changed[i][31] ^= 0x80;
        EXPECT_FALSE(check_consistency(heads[from], heads[to], changed));
      }
    }
  EXPECT_FALSE(check_consistency(heads[9], heads[8], {}));
  EXPECT_FALSE(proof(9, 8));
}

TEST_F(Consistency, says_where_a_tile_is_not_there) {
  grow(300);
  std::filesystem::remove_all(folder + "/tile/0");
  EXPECT_EQ(proof(256, 300).error().code, Code::NotFound);
}

}  // namespace
}  // namespace strongroom::audit
