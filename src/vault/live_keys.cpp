// SPDX-License-Identifier: Apache-2.0
#include "vault/live_keys.h"

#include "vault/state.h"

namespace strongroom::vault {
namespace {

/// Rows at once: all of them may be a gigabyte.
constexpr std::size_t kPart = 4096;

store::KeySeen seen(const store::Key& row) {
  return {row.id, row.state, row.version};
}
store::VersionSeen seen(const store::KeyVersion& row) {
  return {row.key, row.version, row.not_after};
}

template <class Row, class Take>
Status walk(store::Store& store, Take&& take) {
  for (std::int64_t after = 0;;) {
    STRONGROOM_TRY(const auto page, store.page<Row>({}, after, kPart));
    if (page.rows.empty()) return {};
    std::vector<decltype(seen(page.rows.front()))> all;
    for (const Row& row : page.rows) all.push_back(seen(row));
    take(all);
    after = page.next;
  }
}

}  // namespace

store::Onlooker LiveKeys::onlooker() {
  return {[this](std::span<const store::KeySeen> rows) { take(rows); },
          [this](std::span<const store::VersionSeen> rows) { take(rows); }};
}

Status LiveKeys::read(store::Store& store) {
  live_.clear();
  ends_.clear();
  STRONGROOM_CHECKED(walk<store::Key>(store, [this](const auto& rows) { take(rows); }));
  return walk<store::KeyVersion>(store, [this](const auto& rows) { take(rows); });
}

void LiveKeys::take(std::span<const store::KeySeen> rows) {
  const std::scoped_lock lock(one_at_a_time_);
  for (const auto& row : rows)
    if (row.state != kRevoked) live_.push_back({row.id, row.version});
}

void LiveKeys::take(std::span<const store::VersionSeen> rows) {
  const std::scoped_lock lock(one_at_a_time_);
  for (const auto& row : rows)
    if (row.not_after != 0) ends_.push_back({row.key, row.version, row.not_after});
}

KeySet LiveKeys::ids() const {
  KeySet ids;
  ids.reserve(live_.size());
  for (const auto& each : live_) ids.insert(each.key);
  return ids;
}

std::unordered_map<KeyId, std::int64_t> LiveKeys::ends() const {
  std::unordered_map<KeyId, std::vector<End>> of_key;
  for (const auto& each : ends_) of_key[each.key].push_back(each);
  std::unordered_map<KeyId, std::int64_t> out;
  if (of_key.empty()) return out;
  for (const auto& live : live_) {
    const auto found = of_key.find(live.key);
    if (found == of_key.end()) continue;
    for (const auto& end : found->second)
      if (end.version == live.version) out[live.key] = end.at;
  }
  return out;
}

}  // namespace strongroom::vault
