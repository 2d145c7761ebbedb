// The root depends on what is stored, and on nothing else. SPDX-License-Identifier: Apache-2.0
#include "store/content_tree.h"

#include <gtest/gtest.h>

#include <random>

namespace strongroom::store {
namespace {

class Tree : public ::testing::Test {
 protected:
  static Sum digest(std::uint8_t fill) {
    Sum out;
    out.fill(fill);
    return out;
  }
  crypto::Digest root(ContentTree& tree) { return tree.root(key); }

  crypto::MacKey key{Secret(ByteVector(32, 9))};
};

TEST_F(Tree, the_root_is_the_same_whatever_the_way_to_the_content) {
  std::mt19937 random(7);
  std::map<std::string, std::map<int, Sum>> content;
  ContentTree tree;
  for (int i = 0; i < 3000; ++i) {
    const std::string tenant = "ten_" + std::to_string(random() % 600);
    const int row = static_cast<int>(random() % 3);
    const Sum sum = digest(static_cast<std::uint8_t>(random()));
    if (auto old = content[tenant].find(row); old != content[tenant].end()) {
      tree.take(tenant, old->second);
      content[tenant].erase(old);
    } else {
      tree.add(tenant, sum);
      content[tenant].emplace(row, sum);
    }
    if (i % 100 != 0) continue;
    TenantSums sums;
    for (const auto& [name, rows] : content)
      for (const auto& [number, each] : rows) add_to(sums, name, each);
    ContentTree fresh(sums);
    ASSERT_EQ(root(tree), root(fresh)) << i;
    EXPECT_EQ(tree.total(), fresh.total());
    EXPECT_EQ(tree.tenants(), fresh.tenants());
  }
}

TEST_F(Tree, a_row_of_one_tenant_is_not_the_same_row_of_another) {
  ContentTree one;
  ContentTree other;
  one.add("ten_a", digest(1));
  other.add("ten_b", digest(1));
  EXPECT_NE(root(one), root(other));
  EXPECT_EQ(one.total(), other.total());
  EXPECT_NE(one.leaf("ten_a", key), other.leaf("ten_b", key));
  one.add("ten_b", digest(2));
  other.take("ten_b", digest(1));
  other.add("ten_a", digest(2));
  other.add("ten_b", digest(1));
  EXPECT_EQ(one.total(), other.total());
  EXPECT_NE(root(one), root(other)) << "rows that changed places";
}

TEST_F(Tree, another_key_makes_another_root) {
  ContentTree tree;
  ContentTree same;
  tree.add("ten_a", digest(1));
  same.add("ten_a", digest(1));
  EXPECT_NE(tree.root(key), same.root(crypto::MacKey(Secret(ByteVector(32, 8)))));
}

TEST_F(Tree, what_is_rolled_back_leaves_no_trace) {
  ContentTree tree;
  tree.add("ten_a", digest(1));
  tree.add("ten_b", digest(2));
  const auto before = root(tree);
  tree.begin();
  tree.take("ten_a", digest(1));
  tree.add("ten_c", digest(3));
  tree.add("", digest(4));
  tree.add("ten_b", digest(5));
  EXPECT_NE(root(tree), before);
  EXPECT_EQ(tree.changed(), (std::vector<std::string>{"", "ten_a", "ten_b", "ten_c"}));
  tree.roll_back();
  EXPECT_EQ(root(tree), before);
  EXPECT_EQ(tree.tenants().size(), 2U);
  EXPECT_FALSE(tree.leaf("ten_c", key));
}

}  // namespace
}  // namespace strongroom::store
