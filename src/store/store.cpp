// How: a MAC a row, and one over the revision and the root of a Merkle tree of tenants. What stands
// under a tenant is a MAC over a multiset hash of its rows (the sum, modulo 2^256, of a keyed hash
// of each). The sums themselves never leave memory: known sums of many states would let their
// difference be solved for a set of old rows that fits.
// SPDX-License-Identifier: Apache-2.0
#include "store/store.h"

#include <algorithm>
#include <array>
#include <iterator>
#include <limits>
#include <utility>

#include "base/check.h"
#include "base/encoding.h"
#include "crypto/mac_key.h"
#include "store/row_digest.h"
#include "store/sealed_state.h"
#include "store/verification.h"

namespace strongroom::store {

struct Store::State {
  std::unique_ptr<Backend> backend;
  crypto::MacKey mac_key;
  crypto::MacKey sum_key;
  crypto::MacKey anchor_key;
  bool is_unlocked = false;
  bool is_verified = false;
  bool in_transaction = false;
  std::optional<Error> broken;  ///< what ended the running transaction
  SealedState sealed{mac_key};
  Mark durable;

  [[nodiscard]] ByteVector mac_of(ByteView octets) const {
    const auto digest = mac_key.of(octets);
    return {digest.begin(), digest.end()};
  }
  [[nodiscard]] crypto::Digest hash_of(ByteView octets) const { return sum_key.of(octets); }
  [[nodiscard]] Status may_begin() const {
    STRONGROOM_CHECK(!in_transaction, "transactions are not nested");
    // Sealing a content that was never verified would make a forged one right.
    if (is_verified) return {};
    return fail(Code::Sealed, "the database is not verified: nothing is written to it");
  }
  /// May a change go on in the running transaction?
  [[nodiscard]] Status may_change() const {
    STRONGROOM_CHECK(in_transaction, "changes are made in a transaction");
    if (broken) return std::unexpected(*broken);
    return {};
  }
  /// SQLite may have rolled back all by itself: what follows would be half a transaction.
  void remember(const Error& error) {
    if (in_transaction && error.code != Code::Conflict) broken = error;
  }

  /// Checks the MAC that each row ends with, and takes it off.
  [[nodiscard]] Status authenticate(std::string_view table, const Columns& columns,
                                    std::vector<Values>& rows) const {
    for (auto& row : rows) {
      if (!is_mac_of(row[columns.size()], mac_key, canonical(table, columns, row)))
        return row_differs(table);
      row.pop_back();
    }
    return {};
  }
  Status verify_table(Verification& verification, std::string_view table, const Columns& columns);
  void inspect_rows(Inspection& inspection, std::size_t limit);
  void inspect_content(Inspection& inspection);
};

Value to_value(std::int64_t value) {
  return value;
}
Value to_value(const std::string& value) {
  return value;
}
Value to_value(const ByteVector& value) {
  return value;
}

Store::Store(std::unique_ptr<Backend> backend) : state_(std::make_unique<State>()) {
  state_->backend = std::move(backend);
}
Store::~Store() = default;

void Store::unlock(Secret row_key) {
  const auto key_for = [&](std::string_view use) {
    return crypto::MacKey(crypto::hkdf_sha256(row_key, {}, bytes_of(use), 32));
  };
  state_->mac_key = key_for("strongroom row authentication");
  state_->sum_key = key_for("strongroom content hash");
  state_->anchor_key = key_for("strongroom anchor");
  state_->is_unlocked = true;
  state_->is_verified = false;
}

bool Store::is_unlocked() const {
  return state_->is_unlocked;
}
std::int64_t Store::revision() const {
  return state_->sealed.revision();
}
const Store::Mark& Store::durable() const {
  return state_->durable;
}
ByteVector Store::anchor_mac(ByteView octets) const {
  const auto digest = state_->anchor_key.of(octets);
  return {digest.begin(), digest.end()};
}

Status Store::transact(const std::function<Status()>& work) {
  STRONGROOM_CHECKED(state_->may_begin());
  STRONGROOM_CHECKED(state_->backend->begin());
  STRONGROOM_CHECKED(finish_transaction(work));
  state_->durable = state_->sealed.mark();
  return {};
}

Status Store::transact_lazily(const std::function<Status()>& work) {
  STRONGROOM_CHECKED(state_->may_begin());
  STRONGROOM_CHECKED(state_->backend->begin_lazily());
  return finish_transaction(work);
}

Status Store::finish_transaction(const std::function<Status()>& work) {
  state_->in_transaction = true;
  state_->broken.reset();
  state_->sealed.begin();
  Status done = work();
  if (done && state_->broken) done = std::unexpected(*state_->broken);
  if (done) done = state_->sealed.save(*state_->backend);
  if (done) done = state_->backend->commit();
  state_->in_transaction = false;
  if (done) {
    state_->sealed.commit();
    return {};
  }
  state_->backend->roll_back();
  state_->sealed.roll_back();
  return done;
}

Status Store::forget_overwritten() {
  return state_->backend->forget_overwritten();
}

Result<std::unique_ptr<Copying>> Store::begin_copy(const std::string& path) {
  return state_->backend->begin_copy(path);
}

Result<std::vector<Values>> Store::read(std::string_view table, Columns columns,
                                        const Where& where) {
  if (!has_mac(table)) return state_->backend->select(table, columns, where);
  STRONGROOM_CHECK(state_->is_unlocked, "rows are read after the root key is open");
  columns.push_back("mac");
  auto rows = state_->backend->select(table, columns, where);
  columns.pop_back();
  if (!rows) {
    state_->remember(rows.error());
    return rows;
  }
  STRONGROOM_CHECKED(state_->authenticate(table, columns, *rows));
  return rows;
}

Result<std::vector<Values>> Store::read_after(std::string_view table, Columns columns,
                                              const Where& where, std::int64_t& after,
                                              std::size_t limit) {
  STRONGROOM_CHECK(has_mac(table) && state_->is_unlocked,
                   "rows are read after the root key is open");
  columns.push_back("mac");
  auto rows = state_->backend->select_after(table, columns, where, after, limit);
  columns.pop_back();
  if (!rows) {
    state_->remember(rows.error());
    return rows;
  }
  for (auto& row : *rows) {
    const auto* place = std::get_if<std::int64_t>(&row.front());
    if (place == nullptr) return row_differs(table);
    after = *place;
    row.erase(row.begin());
  }
  STRONGROOM_CHECKED(state_->authenticate(table, columns, *rows));
  return rows;
}

Result<std::optional<std::int64_t>> Store::count_of_other_epochs(TenantId tenant,
                                                                 std::int64_t epoch,
                                                                 std::int64_t& after,
                                                                 std::size_t limit) {
  return state_->backend->count_of_other_epochs(to_value(tenant), epoch, after, limit);
}

Result<std::int64_t> Store::count_rows(std::string_view table, const Where& where) {
  return state_->backend->count(table, where);
}

Status Store::add(std::string_view table, Columns columns, Values values) {
  STRONGROOM_CHECKED(state_->may_change());
  const ByteVector octets = canonical(table, columns, values);
  const std::string tenant(tenant_of(table, columns, values));
  if (has_mac(table)) {
    columns.push_back("mac");
    values.emplace_back(state_->mac_of(octets));
  }
  const Status inserted = state_->backend->insert(table, columns, values);
  if (!inserted) {
    state_->remember(inserted.error());
    return inserted;
  }
  // Only now: whoever goes on after a Conflict goes on with the right sum.
  state_->sealed.add(tenant, state_->hash_of(octets));
  return {};
}

Status Store::change(std::string_view table, Columns columns, Values values,
                     std::size_t key_columns) {
  STRONGROOM_CHECKED(state_->may_change());
  Where same;
  for (std::size_t i = 0; i < key_columns; ++i) same.push_back({columns[i], values[i]});
  STRONGROOM_TRY(const auto old, read(table, columns, same));
  if (old.size() != 1) return fail(Code::NotFound, "the row to change is not there");
  const ByteVector before = canonical(table, columns, old[0]);
  const ByteVector after = canonical(table, columns, values);
  const std::string tenant_before(tenant_of(table, columns, old[0]));
  const std::string tenant_after(tenant_of(table, columns, values));
  if (has_mac(table)) {
    columns.push_back("mac");
    values.emplace_back(state_->mac_of(after));
  }
  const auto changed = state_->backend->update(table, columns, values, key_columns);
  if (!changed || *changed != 1) {
    const Error error =
        changed ? Error(Code::Storage, "the row to change went away") : changed.error();
    state_->remember(error);
    return std::unexpected(error);
  }
  state_->sealed.take(tenant_before, state_->hash_of(before));
  state_->sealed.add(tenant_after, state_->hash_of(after));
  return {};
}

Result<int> Store::remove(std::string_view table, Columns columns, const Where& where) {
  STRONGROOM_CHECKED(state_->may_change());
  STRONGROOM_TRY(const auto old, read(table, columns, where));
  const auto erased = state_->backend->erase(table, where);
  if (!erased || *erased != static_cast<int>(old.size())) {
    const Error error = erased ? Error(Code::Storage, "the rows to erase changed") : erased.error();
    state_->remember(error);
    return std::unexpected(error);
  }
  for (const auto& row : old)
    state_->sealed.take(tenant_of(table, columns, row),
                        state_->hash_of(canonical(table, columns, row)));
  return erased;
}

namespace {

struct Table {
  std::string_view name;
  Columns columns;
};

const std::vector<Table>& tables() {
  static const std::vector<Table> all = [] {
    std::vector<Table> out;
    for_each_row_type([&]<class Row>() { out.push_back({Row::kTable, Store::columns_of<Row>()}); });
    return out;
  }();
  return all;
}

/// A row's own key, for people: whatever stands there now.
std::string name_of(std::span<const Value> row, std::size_t key_columns) {
  std::string out;
  for (std::size_t i = 0; i < key_columns; ++i) {
    if (i > 0) out += '/';
    if (const auto* number = std::get_if<std::int64_t>(&row[i])) out += std::to_string(*number);
    if (const auto* text = std::get_if<std::string>(&row[i])) out += text->substr(0, 64);
  }
  return out;
}

void take_fault(Inspection& inspection, std::string_view table, std::string row) {
  if (inspection.fault_count++ < static_cast<std::int64_t>(Inspection::kMostTold))
    inspection.faults.push_back({std::string(table), std::move(row)});
}

void begin_next_table(Inspection& inspection) {
  ++inspection.table;
  inspection.after = Inspection().after;
}

}  // namespace

Status Store::State::verify_table(Verification& verification, std::string_view table,
                                  const Columns& columns) {
  Columns asked = columns;
  if (has_mac(table)) asked.push_back("mac");
  // Parts begin behind a number: the lowest is none that SQLite gives, but one that it takes.
  std::int64_t after = std::numeric_limits<std::int64_t>::min();
  STRONGROOM_TRY(const auto lowest, backend->count(table, {{"rowid", after}}));
  if (lowest > 0) return content_differs();
  for (bool is_more = true; is_more;) {
    SpelledRows rows(table, columns);
    STRONGROOM_CHECKED(backend->visit_after(table, asked, after, Verification::kPart,
                                            [&](std::span<const ValueView> row) {
                                              after = std::get<std::int64_t>(row.front());
                                              rows.add(row.subspan(1));
                                            }));
    is_more = rows.size() == Verification::kPart;
    if (rows.size() > 0) STRONGROOM_CHECKED(verification.take(std::move(rows)));
  }
  return {};
}

Status Store::verify_all(const Onlooker& onlooker) {
  auto& state = *state_;
  STRONGROOM_CHECK(state.is_unlocked && !state.in_transaction,
                   "verification comes after the root key is open");
  state.is_verified = false;
  Verification verification(state.mac_key, state.sum_key, onlooker);
  for (const Table& table : tables())
    STRONGROOM_CHECKED(state.verify_table(verification, table.name, table.columns));
  STRONGROOM_TRY(const auto sums, verification.finish());
  state.sealed = SealedState(state.mac_key, sums);
  STRONGROOM_TRY(state.durable, state.sealed.check(*state.backend, verification.rows()));
  state.is_verified = true;
  return {};
}

/// The next rows of a table; the sum takes them as verify_all() does.
void Store::State::inspect_rows(Inspection& inspection, std::size_t limit) {
  const auto& [table, columns] = tables()[inspection.table];
  Columns asked = columns;
  if (has_mac(table)) asked.push_back("mac");
  const auto rows = backend->select_after(table, asked, {}, inspection.after, limit);
  if (!rows) {
    inspection.damage.push_back(std::string(table) + ": " + rows.error().message);
    return begin_next_table(inspection);
  }
  for (const auto& found : *rows) {
    inspection.after = std::get<std::int64_t>(found.front());
    const auto row = std::span(found).subspan(1);
    const ByteVector octets = canonical(table, columns, row);
    if (has_mac(table) && !is_mac_of(row[columns.size()], mac_key, octets))
      take_fault(inspection, table, name_of(row, key_columns_of(table)));
    add_to(inspection.sums, tenant_of(table, columns, row), hash_of(octets));
    ++inspection.rows;
  }
  if (rows->size() < limit) begin_next_table(inspection);
}

/// Of a content that did not change meanwhile: is it what the last transaction left?
void Store::State::inspect_content(Inspection& inspection) {
  const bool is_still = inspection.revision == sealed.revision();
  if (!is_still || inspection.fault_count > 0 || !inspection.damage.empty()) return;
  SealedState found(mac_key, inspection.sums);
  inspection.is_content_right = bool(found.check(*backend, inspection.rows));
  if (*inspection.is_content_right) return;
  if (const auto differing = found.tenants_that_differ(*backend)) inspection.tenants = *differing;
  if (inspection.tenants.size() > Inspection::kMostTold)
    inspection.tenants.resize(Inspection::kMostTold);
}

bool Store::inspect_part(Inspection& inspection, std::size_t limit) {
  auto& state = *state_;
  STRONGROOM_CHECK(state.is_unlocked && !state.in_transaction,
                   "inspection comes after the root key is open");
  const bool is_new_table = inspection.after == Inspection().after;
  if (inspection.table == 0 && is_new_table) inspection.revision = state.sealed.revision();
  if (is_new_table) {
    const auto damage = state.backend->damage_of(tables()[inspection.table].name);
    if (!damage) inspection.damage.push_back(damage.error().message);
    if (damage) std::ranges::copy(*damage, std::back_inserter(inspection.damage));
  }
  state.inspect_rows(inspection, limit);
  if (inspection.table < tables().size()) return true;
  state.inspect_content(inspection);
  return false;
}

std::size_t Store::key_columns_of(std::string_view table) {
  return table == Epoch::kTable || table == KeyVersion::kTable ? 2 : 1;
}

std::string Store::malformed(std::string_view table) {
  return "a row of the table '" + std::string(table) + "' is malformed";
}

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
