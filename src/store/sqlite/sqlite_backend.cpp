// The embedded database: rows as SQL. SPDX-License-Identifier: Apache-2.0
#include "store/sqlite/sqlite_backend.h"

#include <span>

#include "base/check.h"
#include "store/sqlite/copy.h"
#include "store/sqlite/migrations.h"

namespace strongroom::store {
namespace {

using Columns = std::vector<std::string_view>;

std::string joined(std::span<const std::string_view> columns, std::string_view suffix,
                   std::string_view separator) {
  std::string out;
  for (const auto name : columns) {
    out.append(out.empty() ? std::string_view() : separator).append(name).append(suffix);
  }
  return out;
}

/// IS, not =: a column that must be NULL is matched as well.
std::string condition(const Where& where) {
  std::string out;
  for (const auto& match : where)
    out.append(out.empty() ? " WHERE " : " AND ").append(match.column).append(" IS ?");
  return out;
}

/// The sign keeps SQLite from taking an index, and sorting all that it finds there for each part:
/// the table itself is in the order that is asked for.
std::string condition_of_part(const Where& where) {
  std::string out = " WHERE rowid > ?";
  for (const auto& match : where) out.append(" AND +").append(match.column).append(" IS ?");
  return out;
}

std::string text_of_part(std::string_view table, const Columns& columns, const Where& where) {
  return "SELECT rowid, " + joined(columns, "", ", ") + " FROM " + std::string(table) +
         condition_of_part(where) + " ORDER BY rowid LIMIT ?";
}

Values parameters_of_part(const Where& where, std::int64_t after, std::size_t limit) {
  Values parameters{after};
  for (const auto& match : where) parameters.push_back(match.value);
  parameters.emplace_back(static_cast<std::int64_t>(limit));
  return parameters;
}

Values values_of(const Where& where) {
  Values values;
  for (const auto& match : where) values.push_back(match.value);
  return values;
}

class SqliteBackend final : public Backend {
 public:
  explicit SqliteBackend(std::shared_ptr<sqlite::Connection> connection)
      : connection_(std::move(connection)) {}

  Result<std::vector<Values>> select(std::string_view table, const Columns& columns,
                                     const Where& where) override {
    const std::string text = "SELECT " + joined(columns, "", ", ") + " FROM " + std::string(table) +
                             condition(where) + " ORDER BY rowid";
    return connection_->query(text, values_of(where));
  }

  Result<std::vector<Values>> select_after(std::string_view table, const Columns& columns,
                                           const Where& where, std::int64_t after,
                                           std::size_t limit) override {
    return connection_->query(text_of_part(table, columns, where),
                              parameters_of_part(where, after, limit));
  }

  Status visit_after(std::string_view table, const Columns& columns, std::int64_t after,
                     std::size_t limit, const RowVisitor& visit) override {
    return connection_->visit(text_of_part(table, columns, {}),
                              parameters_of_part({}, after, limit), visit);
  }

  Result<std::int64_t> count(std::string_view table, const Where& where) override {
    STRONGROOM_TRY(const auto rows, connection_->query("SELECT count(*) FROM " +
                                                           std::string(table) + condition(where),
                                                       values_of(where)));
    return std::get<std::int64_t>(rows.at(0).at(0));
  }

  Status insert(std::string_view table, const Columns& columns, const Values& values) override {
    STRONGROOM_CHECKED(in_transaction());
    const std::string text = "INSERT INTO " + std::string(table) + " (" +
                             joined(columns, "", ", ") + ") VALUES (" + places(values.size()) + ")";
    STRONGROOM_TRY([[maybe_unused]] const int one, connection_->change(text, values));
    return {};
  }

  Result<int> update(std::string_view table, const Columns& columns, const Values& values,
                     std::size_t key_columns) override {
    STRONGROOM_CHECKED(in_transaction());
    const std::span all(columns);
    const std::string text = "UPDATE " + std::string(table) + " SET " +
                             joined(all.subspan(key_columns), " = ?", ", ") + " WHERE " +
                             joined(all.first(key_columns), " = ?", " AND ");
    const auto middle = values.begin() + static_cast<std::ptrdiff_t>(key_columns);
    Values parameters(middle, values.end());
    parameters.insert(parameters.end(), values.begin(), middle);
    return connection_->change(text, parameters);
  }

  Result<int> erase(std::string_view table, const Where& where) override {
    STRONGROOM_CHECKED(in_transaction());
    return connection_->change("DELETE FROM " + std::string(table) + condition(where),
                               values_of(where));
  }

  Result<std::optional<std::int64_t>> count_of_other_epochs(const Value& tenant, std::int64_t epoch,
                                                            std::int64_t& after,
                                                            std::size_t limit) override {
    STRONGROOM_TRY(const auto part,
                   connection_->query("SELECT max(rowid) FROM (SELECT rowid FROM keys WHERE rowid "
                                      "> ? AND +tenant IS ? ORDER BY rowid LIMIT ?)",
                                      {after, tenant, static_cast<std::int64_t>(limit)}));
    const auto* last = std::get_if<std::int64_t>(&part.at(0).at(0));
    if (last == nullptr) return std::nullopt;
    STRONGROOM_TRY(const auto counted,
                   connection_->query(
                       "SELECT count(*) FROM keys k CROSS JOIN key_versions v ON v.key = k.id "
                       "WHERE k.rowid > ? AND k.rowid <= ? AND +k.tenant IS ? AND +v.epoch <> ? "
                       "AND length(v.record) > 0",
                       {after, *last, tenant, epoch}));
    after = *last;
    return std::get<std::int64_t>(counted.at(0).at(0));
  }

  Result<std::vector<std::string>> damage_of(std::string_view table) override {
    constexpr std::string_view kAll = "ok";
    STRONGROOM_TRY(const auto lines,
                   connection_->query("PRAGMA integrity_check('" + std::string(table) + "')", {}));
    std::vector<std::string> out;
    for (const auto& line : lines)
      if (const auto* text = std::get_if<std::string>(&line.at(0));
          text != nullptr && *text != kAll)
        out.push_back(*text);
    return out;
  }

  Status begin() override { return connection_->execute("BEGIN IMMEDIATE"); }
  Status begin_lazily() override {
    STRONGROOM_CHECKED(connection_->execute("PRAGMA synchronous = NORMAL"));
    is_lazy_ = true;
    Status begun = begin();
    if (!begun) be_durable();
    return begun;
  }
  Status commit() override {
    Status done = connection_->execute("COMMIT");
    if (done) be_durable();
    return done;
  }
  void roll_back() override {
    if (connection_->is_in_transaction()) (void)connection_->execute("ROLLBACK");
    be_durable();
  }
  /// The log goes into the database, where secure_delete has left zeros, and is cut to nothing.
  Status forget_overwritten() override {
    STRONGROOM_TRY(const auto answer, connection_->query("PRAGMA wal_checkpoint(TRUNCATE)", {}));
    const bool is_whole = answer.size() == 1 && answer[0][0] == Value(std::int64_t{0});
    if (is_whole) return {};
    return fail(Code::Unavailable, "the database's log could not be emptied", "locked");
  }
  Result<std::unique_ptr<Copying>> begin_copy(const std::string& path) override {
    return sqlite::begin_copy(connection_, path);
  }

 private:
  /// It may be set between transactions only; there, it cannot fail.
  void be_durable() {
    if (!is_lazy_) return;
    const Status set = connection_->execute("PRAGMA synchronous = FULL");
    STRONGROOM_CHECK(set, "SQLite takes its level of durability");
    is_lazy_ = false;
  }
  static std::string places(std::size_t count) {
    std::string out;
    for (std::size_t i = 0; i < count; ++i) out += i == 0 ? "?" : ", ?";
    return out;
  }
  /// Outside one a change would commit itself alone.
  [[nodiscard]] Status in_transaction() const {
    if (connection_->is_in_transaction()) return {};
    return fail(Code::Storage, "the database ended the transaction: nothing was stored");
  }

  std::shared_ptr<sqlite::Connection> connection_;
  bool is_lazy_ = false;
};

}  // namespace

std::unique_ptr<Backend> sqlite::make_backend(std::shared_ptr<Connection> connection) {
  return std::make_unique<SqliteBackend>(std::move(connection));
}

Result<std::unique_ptr<Store>> open_sqlite(const std::string& path) {
  STRONGROOM_TRY(auto connection, sqlite::Connection::open(path));
  STRONGROOM_CHECKED(sqlite::bring_up_to_date(*connection, sqlite::migrations()));
  return std::make_unique<Store>(sqlite::make_backend(std::move(connection)));
}

Result<std::unique_ptr<Store>> open_sqlite_as_it_is(const std::string& path) {
  STRONGROOM_TRY(auto connection, sqlite::Connection::open(path));
  STRONGROOM_CHECKED(sqlite::prove_up_to_date(*connection, sqlite::migrations()));
  return std::make_unique<Store>(sqlite::make_backend(std::move(connection)));
}

}  // namespace strongroom::store
