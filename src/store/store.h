// Store: what is persistent, whoever keeps it.
//
// Used by: vault. Threads: one (the vault's loop); calls block for the disk. A changed or moved row
// does not read (each has a MAC); one deleted, added or put back is found by verify_all().
// Fails: Tampered (names tables, never values), Storage (disk, full), Conflict (uniqueness),
// Unavailable (another process has the database). Format: docs/formats/database.md.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/result.h"
#include "base/secret.h"
#include "store/inspection.h"
#include "store/rows.h"

namespace strongroom::store {

/// What a column holds, untyped: rows go in and out as lists of these.
using Value = std::variant<std::monostate, std::int64_t, std::string, ByteVector>;
using Values = std::vector<Value>;
/// The same without a copy: good until whoever gave it goes on.
using ValueView = std::variant<std::monostate, std::int64_t, std::string_view, ByteView>;
using RowVisitor = std::function<void(std::span<const ValueView>)>;

/// `column = value`, all of them; an empty list means every row.
struct Match {
  std::string_view column;
  Value value;
};
using Where = std::vector<Match>;

/// A copy of a database under way. The store goes on being changed meanwhile; what is changed goes
/// into the copy as well.
class Copying {
 public:
  Copying() = default;
  Copying(const Copying&) = delete;
  Copying& operator=(const Copying&) = delete;
  virtual ~Copying() = default;
  /// A few milliseconds of it; false when the copy is whole: it is of this moment.
  virtual Result<bool> step() = 0;
};

/// The untyped face that sqlite/ (and later postgres/) implements. Use the typed functions below.
/// Conflict leaves a transaction usable; any other failure ends it.
class Backend {
 public:
  Backend() = default;
  Backend(const Backend&) = delete;
  Backend& operator=(const Backend&) = delete;
  virtual ~Backend() = default;
  virtual Result<std::vector<Values>> select(std::string_view table,
                                             const std::vector<std::string_view>& columns,
                                             const Where& where) = 0;
  /// The next `limit` of them at most, in the order in which they were put in, after the row at
  /// `after` (0: from the start). Each has its place before its columns.
  virtual Result<std::vector<Values>> select_after(std::string_view table,
                                                   const std::vector<std::string_view>& columns,
                                                   const Where& where, std::int64_t after,
                                                   std::size_t limit) = 0;
  /// The same of all rows, each shown and forgotten: for a walk over millions.
  virtual Status visit_after(std::string_view table, const std::vector<std::string_view>& columns,
                             std::int64_t after, std::size_t limit, const RowVisitor& visit) = 0;
  virtual Result<std::int64_t> count(std::string_view table, const Where& where) = 0;
  virtual Status insert(std::string_view table, const std::vector<std::string_view>& columns,
                        const Values& values) = 0;
  /// Rows of which the first `key_columns` columns equal those of `values`. Answers how many there
  /// were.
  virtual Result<int> update(std::string_view table, const std::vector<std::string_view>& columns,
                             const Values& values, std::size_t key_columns) = 0;
  virtual Result<int> erase(std::string_view table, const Where& where) = 0;
  /// Of the next `limit` keys of a tenant after the row at `after`: how many records they have of
  /// other epochs than this one. Moves `after` on; nothing when there are no more keys.
  virtual Result<std::optional<std::int64_t>> count_of_other_epochs(const Value& tenant,
                                                                    std::int64_t epoch,
                                                                    std::int64_t& after,
                                                                    std::size_t limit) = 0;
  virtual Status begin() = 0;
  virtual Status begin_lazily() = 0;  ///< commit() need not wait for the disk
  virtual Status commit() = 0;        ///< durable when it returns
  virtual void roll_back() = 0;
  /// What is wrong with the file where it has a table, in words without values; empty: nothing.
  virtual Result<std::vector<std::string>> damage_of(std::string_view table) = 0;
  /// Of what was overwritten or erased, no file holds a copy when it returns.
  virtual Status forget_overwritten() = 0;
  virtual Result<std::unique_ptr<Copying>> begin_copy(const std::string& path) = 0;
};

/// Of a key, what a start keeps in mind.
struct KeySeen {
  KeyId id;
  std::string_view state;
  std::int64_t version = 0;
};
/// Of a key's version.
struct VersionSeen {
  KeyId key;
  std::int64_t version = 0;
  std::int64_t not_after = 0;
};
/// Sees rows while a whole database is verified, in parts, on any thread, in any order; what it is
/// shown goes when it returns. It is of use once verify_all() has answered that all is well, and
/// not before.
struct Onlooker {
  std::function<void(std::span<const KeySeen>)> keys;
  std::function<void(std::span<const VersionSeen>)> versions;
};

Value to_value(std::int64_t value);
Value to_value(const std::string& value);
Value to_value(const ByteVector& value);
template <class Tag>
Value to_value(const Id<Tag>& id) {
  return id.text();
}
template <class T>
Value to_value(const std::optional<T>& value) {
  return value ? to_value(*value) : Value();
}

class Store {
 public:
  explicit Store(std::unique_ptr<Backend> backend);
  ~Store();

  /// The row key (HKDF of the root key). Before it, only seals and root secrets may be
  /// read. Call verify_all() next.
  void unlock(Secret row_key);
  [[nodiscard]] bool is_unlocked() const;

  /// All or nothing, durable when it answers. `work` calls insert, update, erase; its error rolls
  /// back and is answered, and so is a failure of the disk that `work` overlooked. Not nested.
  /// Sealed before verify_all() has succeeded.
  Status transact(const std::function<Status()>& work);
  /// All or nothing as well, and in its order among the others, but durable only with the next one
  /// that transact() answers: for steps that a start repeats where they are lost.
  Status transact_lazily(const std::function<Status()>& work);
  /// After a transaction that destroyed something: its old octets are in no file of the database
  /// any more (the write-ahead log keeps them otherwise until it is written over).
  Status forget_overwritten();
  /// Into a new file. The store outlives it.
  Result<std::unique_ptr<Copying>> begin_copy(const std::string& path);

  template <class Row>
  Result<std::vector<Row>> list(const Where& where = {}) {
    auto found = read(Row::kTable, columns_of<Row>(), where);
    if (!found) return std::unexpected(std::move(found).error());
    std::vector<Row> rows;
    rows.reserve(found->size());
    for (const Values& values : *found) {
      Row row;
      if (!from_values(values, row)) return fail(Code::Tampered, malformed(Row::kTable));
      rows.push_back(std::move(row));
    }
    return rows;
  }
  /// A part of what list() answers: a walk over a large table holds nobody up for long.
  template <class Row>
  struct Page {
    std::vector<Row> rows;
    std::int64_t next = 0;  ///< where the next one begins
  };
  /// Rows that match, in the order in which they were put in, after `after` (0: from the start).
  /// None when there are no more; rows put in meanwhile come last.
  template <class Row>
  Result<Page<Row>> page(const Where& where, std::int64_t after, std::size_t limit) {
    Page<Row> page;
    page.next = after;
    auto found = read_after(Row::kTable, columns_of<Row>(), where, page.next, limit);
    if (!found) return std::unexpected(std::move(found).error());
    page.rows.resize(found->size());
    for (std::size_t i = 0; i < found->size(); ++i)
      if (!from_values((*found)[i], page.rows[i]))
        return fail(Code::Tampered, malformed(Row::kTable));
    return page;
  }
  /// How many match. For people: the rows themselves are not read, so not authenticated.
  template <class Row>
  Result<std::int64_t> count(const Where& where) {
    return count_rows(Row::kTable, where);
  }
  /// A part of the count that ends a rewrap; see Backend. Not authenticated, as it is what is
  /// stored that counts.
  Result<std::optional<std::int64_t>> count_of_other_epochs(TenantId tenant, std::int64_t epoch,
                                                            std::int64_t& after, std::size_t limit);
  /// The only row that matches; nothing when there is none, Conflict when several.
  template <class Row>
  Result<std::optional<Row>> find(const Where& where) {
    auto rows = list<Row>(where);
    if (!rows) return std::unexpected(std::move(rows).error());
    if (rows->size() > 1) return fail(Code::Conflict, "several rows match where one may");
    if (rows->empty()) return std::optional<Row>();
    return std::optional<Row>(std::move(rows->front()));
  }
  template <class Row>
  Status insert(const Row& row) {
    return add(Row::kTable, columns_of<Row>(), values_of(row));
  }
  /// Replaces the row with the same primary key (the first column; the first two of epochs and
  /// key_versions). NotFound when there is none.
  template <class Row>
  Status update(const Row& row) {
    return change(Row::kTable, columns_of<Row>(), values_of(row), key_columns_of(Row::kTable));
  }
  /// Removes what matches; answers how many.
  template <class Row>
  Result<int> erase(const Where& where) {
    return remove(Row::kTable, columns_of<Row>(), where);
  }

  /// Reads every row of every table and compares with what the last transaction sealed: Tampered
  /// when anything was changed, moved, added, deleted or put back.
  Status verify_all(const Onlooker& onlooker = {});
  /// Goes on with an inspection by at most `limit` rows, beside normal use; true: there is more.
  [[nodiscard]] bool inspect_part(Inspection& inspection, std::size_t limit);
  /// Counts transactions.
  [[nodiscard]] std::int64_t revision() const;

  /// One state of the whole database: no other has this revision and this digest.
  struct Mark {
    std::int64_t revision = 0;
    ByteVector digest;  ///< keyed; tells nothing of the rows
  };
  /// The newest state that no loss of power takes back.
  [[nodiscard]] const Mark& durable() const;
  /// Authenticates what is kept of this database outside it (vault/anchor.h).
  [[nodiscard]] ByteVector anchor_mac(ByteView octets) const;

  template <class Row>
  static std::vector<std::string_view> columns_of() {
    std::vector<std::string_view> names;
    Row row;
    Row::columns(row, [&](std::string_view name, auto&) { names.push_back(name); });
    return names;
  }
  template <class Row>
  static Values values_of(const Row& row) {
    Values values;
    Row::columns(row,
                 [&](std::string_view, const auto& member) { values.push_back(to_value(member)); });
    return values;
  }
  /// False where a column is of another type. `values` may have more behind those of the columns.
  template <class Row>
  static bool from_values(std::span<const Value> values, Row& row) {
    std::size_t index = 0;
    bool fits = true;
    Row::columns(
        row, [&](std::string_view, auto& member) { fits = take(values[index++], member) && fits; });
    return fits;
  }
  static std::string malformed(std::string_view table);
  static std::size_t key_columns_of(std::string_view table);

 private:
  static bool take(const Value& value, std::int64_t& into);
  static bool take(const Value& value, std::string& into);
  static bool take(const Value& value, ByteVector& into);
  template <class Tag>
  static bool take(const Value& value, Id<Tag>& into) {
    std::string text;
    if (!take(value, text)) return false;
    auto id = Id<Tag>::parse(text);
    if (id) into = *id;
    return id.has_value();
  }
  template <class T>
  static bool take(const Value& value, std::optional<T>& into) {
    if (std::holds_alternative<std::monostate>(value)) {
      into.reset();
      return true;
    }
    T inner;
    if (!take(value, inner)) return false;
    into = std::move(inner);
    return true;
  }

  Result<std::vector<Values>> read(std::string_view table, std::vector<std::string_view> columns,
                                   const Where& where);
  /// Moves `after` on to the last row that it answers.
  Result<std::vector<Values>> read_after(std::string_view table,
                                         std::vector<std::string_view> columns, const Where& where,
                                         std::int64_t& after, std::size_t limit);
  Result<std::int64_t> count_rows(std::string_view table, const Where& where);
  Status finish_transaction(const std::function<Status()>& work);
  Status add(std::string_view table, std::vector<std::string_view> columns, Values values);
  Status change(std::string_view table, std::vector<std::string_view> columns, Values values,
                std::size_t key_columns);
  Result<int> remove(std::string_view table, std::vector<std::string_view> columns,
                     const Where& where);

  struct State;
  std::unique_ptr<State> state_;
};

/// Opens or makes the database: WAL, full synchronous commits, foreign keys, mode 0600, no other
/// process beside this one; brings the schema up to date. Unsupported, with a sentence, for a
/// database made by a newer version.
[[nodiscard]] Result<std::unique_ptr<Store>> open_sqlite(const std::string& path);
/// The same without bringing it up to date: Unsupported where that is to be done.
[[nodiscard]] Result<std::unique_ptr<Store>> open_sqlite_as_it_is(const std::string& path);

}  // namespace strongroom::store
