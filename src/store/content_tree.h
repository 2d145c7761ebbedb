// ContentTree: what is stored, as a Merkle tree of tenants. A leaf is over the multiset hash of all
// rows that name its tenant; one more is over the rows that name none. The root is in the state's
// MAC, and so in the anchor. Inside the room only. Format: docs/formats/database.md.
//
// Threads: one. SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "crypto/mac_key.h"
#include "store/tenant_sums.h"

namespace strongroom::store {

class ContentTree {
 public:
  ContentTree() = default;
  explicit ContentTree(const TenantSums& sums);
  void add(std::string_view tenant, const Sum& digest);
  void take(std::string_view tenant, const Sum& digest);

  /// From here on roll_back() undoes, and changed() lists.
  void begin();
  void roll_back();
  /// Tenants of which a row was added or taken; perhaps one twice, perhaps to no effect.
  [[nodiscard]] std::vector<std::string> changed() const;
  [[nodiscard]] std::vector<std::string> tenants() const;

  /// Nothing where the tenant has no rows.
  [[nodiscard]] std::optional<crypto::Digest> leaf(std::string_view tenant,
                                                   const crypto::MacKey& key);
  /// What was changed since the last call is hashed anew, and its way to the root.
  [[nodiscard]] crypto::Digest root(const crypto::MacKey& key);
  /// The multiset hash of all rows.
  [[nodiscard]] Sum total() const;

 private:
  /// The tree's shape does not depend on who is in it: a tenant has a place by its hash.
  static constexpr std::size_t kPlaces = 256;
  struct Leaf {
    Sum sum{};
    std::optional<crypto::Digest> digest;  ///< of this sum
  };
  struct Place {
    std::map<std::string, Leaf, std::less<>> leaves;
    bool is_changed = false;
  };
  [[nodiscard]] static const std::vector<crypto::Digest>& nodes_of_nothing();
  [[nodiscard]] static std::size_t place_of(std::string_view tenant);
  /// `by` makes a tenant's new sum of its old one.
  template <class Change>
  void change(std::string_view tenant, const Change& by);
  void hash_leaf(std::string_view tenant, Leaf& leaf, const crypto::MacKey& key);
  void hash_place(std::size_t place, const crypto::MacKey& key);

  std::vector<Place> places_ = std::vector<Place>(kPlaces);
  /// 1 is the root; the two beneath node n are 2n and 2n + 1; from kPlaces on they are the places.
  std::vector<crypto::Digest> nodes_ = nodes_of_nothing();
  std::map<std::string, Sum, std::less<>> before_;  ///< the sums that begin() found
};

}  // namespace strongroom::store
