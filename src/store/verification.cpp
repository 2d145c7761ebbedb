// SPDX-License-Identifier: Apache-2.0
#include "store/verification.h"

#include <algorithm>
#include <thread>

namespace strongroom::store {
namespace {

constexpr std::size_t kMostHelpers = 8;
/// A thread for fewer costs more than it saves.
constexpr std::size_t kFewRows = 512;

struct Keys {
  Secret mac;
  Secret sum;
};

/// Those of one type, to whom it may concern.
template <class Row>
Status show(const std::function<void(const std::vector<Row>&)>& eyes, std::string_view table,
            const std::vector<Values>& values) {
  if (!eyes || table != Row::kTable) return {};
  std::vector<Row> rows(values.size());
  for (std::size_t i = 0; i < rows.size(); ++i)
    if (!Store::from_values(std::span(values[i]).subspan(1), rows[i]))
      return fail(Code::Tampered, Store::malformed(table));
  eyes(rows);
  return {};
}

Result<Sum> check(const Secret& mac_key, const Secret& sum_key, const Onlooker& onlooker,
                  std::string_view table, const Columns& columns, const std::vector<Values>& rows) {
  Sum sum{};
  const bool is_authenticated = has_mac(table);
  for (const Values& row : rows) {
    const auto values = std::span(row).subspan(1);
    const ByteVector octets = canonical(table, columns, values);
    if (is_authenticated && !is_mac_of(values[columns.size()], mac_key, octets))
      return row_differs(table);
    add_to(sum, crypto::hmac_sha256(sum_key, octets));
  }
  STRONGROOM_CHECKED(show(onlooker.keys, table, rows));
  STRONGROOM_CHECKED(show(onlooker.versions, table, rows));
  return sum;
}

}  // namespace

Verification::Verification(const Secret& mac_key, const Secret& sum_key, const Onlooker& onlooker)
    : mac_key_(mac_key),
      sum_key_(sum_key),
      onlooker_(onlooker),
      helpers_(std::clamp<std::size_t>(std::thread::hardware_concurrency(), 1, kMostHelpers)) {}

Status Verification::take(std::string_view table, const Columns& columns,
                          std::vector<Values> rows) {
  rows_ += static_cast<std::int64_t>(rows.size());
  if (rows.size() < kFewRows) {
    while (!under_way_.empty()) STRONGROOM_CHECKED(settle_first());
    STRONGROOM_TRY(const Sum sum, check(mac_key_, sum_key_, onlooker_, table, columns, rows));
    add_to(sum_, sum);
    return {};
  }
  if (under_way_.size() >= helpers_) STRONGROOM_CHECKED(settle_first());
  // A secret is one thread's at a time.
  under_way_.push_back(
      std::async(std::launch::async, [keys = Keys{mac_key_.duplicate(), sum_key_.duplicate()},
                                      table, columns, rows = std::move(rows), this] {
        return check(keys.mac, keys.sum, onlooker_, table, columns, rows);
      }));
  return {};
}

Status Verification::settle_first() {
  const Result<Sum> done = under_way_.front().get();
  under_way_.pop_front();
  if (!done) return std::unexpected(done.error());
  add_to(sum_, *done);
  return {};
}

Result<Sum> Verification::finish() {
  while (!under_way_.empty()) STRONGROOM_CHECKED(settle_first());
  return sum_;
}

}  // namespace strongroom::store
