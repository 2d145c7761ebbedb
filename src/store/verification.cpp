// SPDX-License-Identifier: Apache-2.0
#include "store/verification.h"

#include <algorithm>
#include <thread>

namespace strongroom::store {
namespace {

/// Parts under way for each core, so that neither a core nor who reads waits for one that is late.
constexpr std::size_t kPartsPerCore = 3;
constexpr std::size_t kMostParts = 24;
/// A thread for fewer costs more than it saves.
constexpr std::size_t kFewRows = 512;

struct Keys {
  crypto::MacKey mac;
  crypto::MacKey sum;
};

/// Columns of a row that was spelled, by name; malformed once one is of another type.
template <class Row>
class Fields {
 public:
  void read(ByteView spelling) {
    read_spelled(spelling, values_);
    is_right_ = values_.size() == columns_.size();
  }
  [[nodiscard]] std::int64_t number(std::string_view column) { return get<std::int64_t>(column); }
  [[nodiscard]] std::string_view text(std::string_view column) {
    return get<std::string_view>(column);
  }
  template <class AnyId>
  [[nodiscard]] AnyId id(std::string_view column) {
    const auto parsed = AnyId::parse(text(column));
    is_right_ = is_right_ && parsed;
    return parsed ? *parsed : AnyId();
  }
  [[nodiscard]] bool is_right() const { return is_right_; }

 private:
  template <class T>
  T get(std::string_view column) {
    const auto place = std::ranges::find(columns_, column) - columns_.begin();
    const auto* value =
        is_right_ ? std::get_if<T>(&values_[static_cast<std::size_t>(place)]) : nullptr;
    is_right_ = value != nullptr;
    return is_right_ ? *value : T();
  }
  Columns columns_ = Store::columns_of<Row>();
  std::vector<ValueView> values_;
  bool is_right_ = false;
};

KeySeen seen(Fields<Key>& key) {
  return {key.id<KeyId>("id"), key.text("state"), key.number("version")};
}
VersionSeen seen(Fields<KeyVersion>& version) {
  return {version.id<KeyId>("key"), version.number("version"), version.number("not_after")};
}

/// Those of one type, to whom it may concern.
template <class Row, class Seen>
Status show(const std::function<void(std::span<const Seen>)>& eyes, const SpelledRows& rows) {
  if (!eyes || rows.table() != Row::kTable) return {};
  std::vector<Seen> all;
  all.reserve(rows.size());
  Fields<Row> fields;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    fields.read(rows.spelling(i));
    all.push_back(seen(fields));
    if (!fields.is_right()) return fail(Code::Tampered, Store::malformed(Row::kTable));
  }
  eyes(all);
  return {};
}

Result<TenantSums> check(const crypto::MacKey& mac_key, const crypto::MacKey& sum_key,
                         const Onlooker& onlooker, const SpelledRows& rows) {
  TenantSums sums;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    if (!rows.authenticates(i, mac_key)) return row_differs(rows.table());
    add_to(sums, rows.tenant(i), sum_key.of(rows.spelling(i)));
  }
  STRONGROOM_CHECKED(show<Key>(onlooker.keys, rows));
  STRONGROOM_CHECKED(show<KeyVersion>(onlooker.versions, rows));
  return sums;
}

}  // namespace

SpelledRows::SpelledRows(std::string_view table, const Columns& columns)
    : table_(table), columns_(columns) {}

void SpelledRows::add(std::span<const ValueView> row) {
  spell(octets_, table_, columns_, row);
  const std::string_view tenant = tenant_of(table_, columns_, row);
  if (tenants_.empty() || tenants_.back() != tenant) tenants_.emplace_back(tenant);
  Row& added = rows_.emplace_back(Row{octets_.size(), tenants_.size() - 1, {}, false});
  if (!has_mac(table_)) return;
  const auto* mac = std::get_if<ByteView>(&row[columns_.size()]);
  added.has_mac_of_its_size = mac != nullptr && mac->size() == added.mac.size();
  if (added.has_mac_of_its_size) std::ranges::copy(*mac, added.mac.begin());
}

ByteView SpelledRows::spelling(std::size_t row) const {
  const std::size_t begin = row == 0 ? 0 : rows_[row - 1].end;
  return ByteView(octets_).subspan(begin, rows_[row].end - begin);
}

bool SpelledRows::authenticates(std::size_t row, const crypto::MacKey& mac_key) const {
  if (!has_mac(table_)) return true;
  return rows_[row].has_mac_of_its_size && is_mac_of(rows_[row].mac, mac_key, spelling(row));
}

Verification::Verification(const crypto::MacKey& mac_key, const crypto::MacKey& sum_key,
                           const Onlooker& onlooker)
    : mac_key_(mac_key),
      sum_key_(sum_key),
      onlooker_(onlooker),
      most_under_way_(std::clamp<std::size_t>(kPartsPerCore * std::thread::hardware_concurrency(),
                                              kPartsPerCore, kMostParts)) {}

Status Verification::take(SpelledRows rows) {
  rows_ += static_cast<std::int64_t>(rows.size());
  if (rows.size() < kFewRows) {
    while (!under_way_.empty()) STRONGROOM_CHECKED(settle_first());
    STRONGROOM_TRY(const auto sums, check(mac_key_, sum_key_, onlooker_, rows));
    add_to(sums_, sums);
    return {};
  }
  if (under_way_.size() >= most_under_way_) STRONGROOM_CHECKED(settle_first());
  // A secret is one thread's at a time.
  under_way_.push_back(
      std::async(std::launch::async,
                 [keys = Keys{mac_key_.duplicate(), sum_key_.duplicate()}, rows = std::move(rows),
                  this] { return check(keys.mac, keys.sum, onlooker_, rows); }));
  return {};
}

Status Verification::settle_first() {
  const Result<TenantSums> done = under_way_.front().get();
  under_way_.pop_front();
  if (!done) return std::unexpected(done.error());
  add_to(sums_, *done);
  return {};
}

Result<TenantSums> Verification::finish() {
  while (!under_way_.empty()) STRONGROOM_CHECKED(settle_first());
  return sums_;
}

}  // namespace strongroom::store
