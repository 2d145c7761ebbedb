// SPDX-License-Identifier: Apache-2.0
#include "store/content_tree.h"

#include <utility>

#include "base/encoding.h"

namespace strongroom::store {
namespace {

constexpr std::uint8_t kPlaceKind = 0;
constexpr std::uint8_t kNodeKind = 1;

crypto::Digest node_over(const crypto::Digest& left, const crypto::Digest& right) {
  ByteVector octets;
  Writer writer(octets);
  writer.u8(kNodeKind);
  writer.raw(left);
  writer.raw(right);
  return crypto::sha256(octets);
}

}  // namespace

ContentTree::ContentTree(const TenantSums& sums) {
  for (const auto& [tenant, sum] : sums) add(tenant, sum);
  before_.clear();
}

const std::vector<crypto::Digest>& ContentTree::nodes_of_nothing() {
  static const std::vector<crypto::Digest> nodes = [] {
    std::vector<crypto::Digest> out(2 * kPlaces, crypto::sha256(ByteView(&kPlaceKind, 1)));
    for (std::size_t node = kPlaces - 1; node > 0; --node)
      out[node] = node_over(out[2 * node], out[2 * node + 1]);
    return out;
  }();
  return nodes;
}

std::size_t ContentTree::place_of(std::string_view tenant) {
  const crypto::Digest digest = crypto::sha256(bytes_of(tenant));
  static_assert(kPlaces == 1 + UINT8_MAX);
  return digest[0];
}

template <class Change>
void ContentTree::change(std::string_view tenant, const Change& by) {
  Place& place = places_[place_of(tenant)];
  auto found = place.leaves.find(tenant);
  if (found == place.leaves.end()) found = place.leaves.emplace(std::string(tenant), Leaf()).first;
  Leaf& leaf = found->second;
  before_.try_emplace(found->first, leaf.sum);
  place.is_changed = true;
  leaf.digest.reset();
  by(leaf.sum);
  if (leaf.sum == Sum{}) place.leaves.erase(found);
}

void ContentTree::add(std::string_view tenant, const Sum& digest) {
  change(tenant, [&](Sum& sum) { add_to(sum, digest); });
}

void ContentTree::take(std::string_view tenant, const Sum& digest) {
  change(tenant, [&](Sum& sum) { take_from(sum, digest); });
}

void ContentTree::begin() {
  before_.clear();
}

void ContentTree::roll_back() {
  const auto before = std::exchange(before_, {});
  for (const auto& [tenant, earlier] : before) change(tenant, [&](Sum& sum) { sum = earlier; });
  before_.clear();
}

std::vector<std::string> ContentTree::changed() const {
  std::vector<std::string> out;
  for (const auto& [tenant, sum] : before_) out.push_back(tenant);
  return out;
}

std::vector<std::string> ContentTree::tenants() const {
  std::vector<std::string> out;
  for (const Place& place : places_)
    for (const auto& [tenant, leaf] : place.leaves) out.push_back(tenant);
  return out;
}

void ContentTree::hash_leaf(std::string_view tenant, Leaf& leaf, const crypto::MacKey& key) {
  if (leaf.digest) return;
  ByteVector octets;
  Writer writer(octets);
  writer.text("tenant");
  writer.text(tenant);
  writer.raw(leaf.sum);
  leaf.digest = key.of(octets);
}

std::optional<crypto::Digest> ContentTree::leaf(std::string_view tenant,
                                                const crypto::MacKey& key) {
  auto& leaves = places_[place_of(tenant)].leaves;
  const auto found = leaves.find(tenant);
  if (found == leaves.end()) return std::nullopt;
  hash_leaf(tenant, found->second, key);
  return found->second.digest;
}

void ContentTree::hash_place(std::size_t place, const crypto::MacKey& key) {
  ByteVector octets;
  Writer writer(octets);
  writer.u8(kPlaceKind);
  for (auto& [tenant, leaf] : places_[place].leaves) {
    hash_leaf(tenant, leaf, key);
    writer.text(tenant);
    writer.raw(*leaf.digest);
  }
  nodes_[kPlaces + place] = crypto::sha256(octets);
  places_[place].is_changed = false;
}

crypto::Digest ContentTree::root(const crypto::MacKey& key) {
  std::vector<bool> is_stale(kPlaces);
  for (std::size_t place = 0; place < kPlaces; ++place) {
    if (!places_[place].is_changed) continue;
    hash_place(place, key);
    for (std::size_t node = (kPlaces + place) / 2; node > 0; node /= 2) is_stale[node] = true;
  }
  for (std::size_t node = kPlaces - 1; node > 0; --node)
    if (is_stale[node]) nodes_[node] = node_over(nodes_[2 * node], nodes_[2 * node + 1]);
  return nodes_[1];
}

Sum ContentTree::total() const {
  Sum out{};
  for (const Place& place : places_)
    for (const auto& [tenant, leaf] : place.leaves) add_to(out, leaf.sum);
  return out;
}

}  // namespace strongroom::store
