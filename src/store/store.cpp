// Row authentication: a MAC a row, and a sealed multiset hash over all rows (the sum, modulo 2^256, of a keyed hash of each).
// SPDX-License-Identifier: Apache-2.0
#include "store/store.h"

#include <algorithm>
#include <array>

#include "base/check.h"
#include "base/encoding.h"
#include "crypto/crypto.h"

namespace strongroom::store {
namespace {

/// Seals are read before the root key is known; they authenticate themselves (vault/seal.cpp).
bool is_authenticated(std::string_view table) { return table != Seal::kTable; }

using Sum = std::array<std::uint8_t, 32>;

void add_to(Sum& sum, const crypto::Digest& digest) {
  unsigned carry = 0;
  for (std::size_t i = 0; i < sum.size(); ++i) {
    carry += unsigned{sum[i]} + digest[i];
    sum[i] = static_cast<std::uint8_t>(carry);
    carry >>= 8U;
  }
}

void take_from(Sum& sum, const crypto::Digest& digest) {
  int borrow = 0;
  for (std::size_t i = 0; i < sum.size(); ++i) {
    int difference = int{sum[i]} - digest[i] - borrow;
    borrow = difference < 0 ? 1 : 0;
    sum[i] = static_cast<std::uint8_t>(difference + borrow * 256);
  }
}

ByteVector canonical(std::string_view table, const std::vector<std::string_view>& columns, const Values& values) {
  ByteVector out;
  Writer writer(out);
  writer.text(table);
  for (std::size_t i = 0; i < columns.size(); ++i) {
    writer.text(columns[i]);
    writer.u8(static_cast<std::uint8_t>(values[i].index()));
    if (const auto* number = std::get_if<std::int64_t>(&values[i])) writer.i64(*number);
    if (const auto* text = std::get_if<std::string>(&values[i])) writer.text(*text);
    if (const auto* blob = std::get_if<ByteVector>(&values[i])) writer.blob(*blob);
  }
  return out;
}

constexpr std::string_view kState = "state";
const std::vector<std::string_view> kStateColumns = {"id", "revision", "content", "mac"};

}  // namespace

struct Store::State {
  std::unique_ptr<Backend> backend;
  Secret mac_key;
  Secret sum_key;
  bool is_unlocked = false;
  bool in_transaction = false;
  std::int64_t revision = 0;
  Sum sum{};

  [[nodiscard]] ByteVector mac_of(ByteView octets) const {
    const auto digest = crypto::hmac_sha256(mac_key, octets);
    return {digest.begin(), digest.end()};
  }
  [[nodiscard]] ByteVector state_octets() const {
    ByteVector out;
    Writer writer(out);
    writer.text(kState);
    writer.i64(revision);
    writer.raw(sum);
    return out;
  }
  [[nodiscard]] Values state_row() const {
    return {std::int64_t{1}, revision, ByteVector(sum.begin(), sum.end()), mac_of(state_octets())};
  }

  Status load_state();
  Status save_state() {
    ++revision;
    auto changed = backend->update(kState, kStateColumns, state_row(), 1);
    if (!changed) return std::unexpected(std::move(changed).error());
    if (*changed == 1) return {};
    return backend->insert(kState, kStateColumns, state_row());
  }
};

/// Takes the sealed state over as the truth; a first start has none.
Status Store::State::load_state() {
  STRONGROOM_TRY(const auto rows, backend->select(kState, kStateColumns, {}));
  if (rows.empty()) return {};
  const auto* number = std::get_if<std::int64_t>(&rows[0][1]);
  const auto* content = std::get_if<ByteVector>(&rows[0][2]);
  const auto* mac = std::get_if<ByteVector>(&rows[0][3]);
  if (rows.size() != 1 || number == nullptr || content == nullptr || mac == nullptr || content->size() != sum.size())
    return fail(Code::Tampered, "the database's state row is malformed: it was changed outside Strongroom");
  revision = *number;
  std::copy(content->begin(), content->end(), sum.begin());
  if (!equal_constant_time(*mac, mac_of(state_octets())))
    return fail(Code::Tampered, "the database's state row does not authenticate: it was changed outside Strongroom");
  return {};
}

Value to_value(std::int64_t value) { return value; }
Value to_value(const std::string& value) { return value; }
Value to_value(const ByteVector& value) { return value; }

Store::Store(std::unique_ptr<Backend> backend) : state_(std::make_unique<State>()) { state_->backend = std::move(backend); }
Store::~Store() = default;

void Store::unlock(Secret row_key) {
  state_->mac_key = crypto::hkdf_sha256(row_key, {}, bytes_of("strongroom row authentication"), 32);
  state_->sum_key = crypto::hkdf_sha256(row_key, {}, bytes_of("strongroom content hash"), 32);
  state_->is_unlocked = true;
}

bool Store::is_unlocked() const { return state_->is_unlocked; }
std::int64_t Store::revision() const { return state_->revision; }

Status Store::transact(const std::function<Status()>& work) {
  STRONGROOM_CHECK(!state_->in_transaction, "transactions are not nested");
  STRONGROOM_CHECKED(state_->backend->begin());
  state_->in_transaction = true;
  const Sum sum_before = state_->sum;
  const std::int64_t revision_before = state_->revision;
  Status done = work();
  if (done && state_->is_unlocked) done = state_->save_state();
  if (done) done = state_->backend->commit();
  state_->in_transaction = false;
  if (done) return {};
  state_->backend->roll_back();
  state_->sum = sum_before;
  state_->revision = revision_before;
  return done;
}

Result<std::vector<Values>> Store::read(std::string_view table, std::vector<std::string_view> columns, const Where& where) {
  if (!is_authenticated(table)) return state_->backend->select(table, columns, where);
  STRONGROOM_CHECK(state_->is_unlocked, "rows are read after the root key is open");
  const std::size_t width = columns.size();
  columns.push_back("mac");
  STRONGROOM_TRY(auto rows, state_->backend->select(table, columns, where));
  columns.pop_back();
  for (auto& row : rows) {
    const auto* mac = std::get_if<ByteVector>(&row[width]);
    const bool is_right = mac != nullptr && equal_constant_time(*mac, state_->mac_of(canonical(table, columns, row)));
    if (!is_right)
      return fail(Code::Tampered, "a row of the table '" + std::string(table) + "' does not authenticate: it was changed outside Strongroom");
    row.pop_back();
  }
  return rows;
}

Status Store::add(std::string_view table, std::vector<std::string_view> columns, Values values) {
  STRONGROOM_CHECK(state_->in_transaction, "changes are made in a transaction");
  if (!is_authenticated(table)) return state_->backend->insert(table, columns, values);
  const ByteVector octets = canonical(table, columns, values);
  add_to(state_->sum, crypto::hmac_sha256(state_->sum_key, octets));
  columns.push_back("mac");
  values.emplace_back(state_->mac_of(octets));
  return state_->backend->insert(table, columns, values);
}

Status Store::change(std::string_view table, std::vector<std::string_view> columns, Values values, std::size_t key_columns) {
  STRONGROOM_CHECK(state_->in_transaction && is_authenticated(table), "changes are made in a transaction; seals are not updated");
  Where same;
  for (std::size_t i = 0; i < key_columns; ++i) same.push_back({columns[i], values[i]});
  STRONGROOM_TRY(const auto old, read(table, columns, same));
  if (old.size() != 1) return fail(Code::NotFound, "the row to change is not there");
  take_from(state_->sum, crypto::hmac_sha256(state_->sum_key, canonical(table, columns, old[0])));
  const ByteVector octets = canonical(table, columns, values);
  add_to(state_->sum, crypto::hmac_sha256(state_->sum_key, octets));
  columns.push_back("mac");
  values.emplace_back(state_->mac_of(octets));
  STRONGROOM_TRY(const int changed, state_->backend->update(table, columns, values, key_columns));
  if (changed != 1) return fail(Code::Storage, "the row to change went away");
  return {};
}

Result<int> Store::remove(std::string_view table, std::vector<std::string_view> columns, const Where& where) {
  STRONGROOM_CHECK(state_->in_transaction, "changes are made in a transaction");
  if (is_authenticated(table)) {
    STRONGROOM_TRY(const auto old, read(table, columns, where));
    for (const auto& row : old) take_from(state_->sum, crypto::hmac_sha256(state_->sum_key, canonical(table, columns, row)));
  }
  return state_->backend->erase(table, where);
}

Status Store::verify_all() {
  STRONGROOM_CHECK(state_->is_unlocked && !state_->in_transaction, "verification comes after the root key is open");
  STRONGROOM_CHECKED(state_->load_state());
  Sum found{};
  Status status;
  std::int64_t rows_seen = 0;
  for_each_row_type([&]<class Row>() {
    if (!status || !is_authenticated(Row::kTable)) return;
    const auto columns = columns_of<Row>();
    const auto rows = read(Row::kTable, columns, {});
    if (!rows) {
      status = std::unexpected(rows.error());
      return;
    }
    for (const auto& row : *rows) add_to(found, crypto::hmac_sha256(state_->sum_key, canonical(Row::kTable, columns, row)));
    rows_seen += static_cast<std::int64_t>(rows->size());
  });
  if (!status) return status;
  if (state_->revision == 0 && rows_seen > 0) return fail(Code::Tampered, "the database's state row is missing: it was removed outside Strongroom");
  if (!equal_constant_time(found, state_->sum))
    return fail(Code::Tampered, "the database's rows are not those of its last change: a row was deleted, or an old one put back, outside Strongroom");
  return {};
}

std::size_t Store::key_columns_of(std::string_view table) { return table == Epoch::kTable || table == KeyVersion::kTable ? 2 : 1; }

std::string Store::malformed(std::string_view table) { return "a row of the table '" + std::string(table) + "' is malformed"; }

bool Store::take(const Value& value, std::int64_t& into) {
  const auto* number = std::get_if<std::int64_t>(&value);
  if (number != nullptr) into = *number;
  return number != nullptr;
}
bool Store::take(const Value& value, std::string& into) {
  const auto* text = std::get_if<std::string>(&value);
  if (text != nullptr) into = *text;
  return text != nullptr;
}
bool Store::take(const Value& value, ByteVector& into) {
  const auto* blob = std::get_if<ByteVector>(&value);
  if (blob != nullptr) into = *blob;
  return blob != nullptr;
}

}  // namespace strongroom::store
