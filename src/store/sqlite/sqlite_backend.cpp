// The embedded database: SQLite, one connection, write-ahead log, synchronised commits. SPDX-License-Identifier: Apache-2.0
#include <array>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <sqlite3.h>
#include <string>
#include <sys/stat.h>
#include <unistd.h>
#include <unordered_map>

#include "base/check.h"
#include "base/encoding.h"
#include "crypto/crypto.h"
#include "store/sqlite/migrations.h"
#include "store/store.h"

namespace strongroom::store {
namespace {

struct StatementFree {
  void operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }
};
using Statement = std::unique_ptr<sqlite3_stmt, StatementFree>;

struct ConnectionClose {
  void operator()(sqlite3* connection) const { sqlite3_close_v2(connection); }
};

/// SQLite's own text names tables and columns, never values.
Error failure(sqlite3* connection, int code) {
  const int kind = code & 0xFF;
  const std::string why = sqlite3_errmsg(connection);
  if (kind == SQLITE_CONSTRAINT) return {Code::Conflict, "the database refuses it: " + why};
  if (kind == SQLITE_FULL) return {Code::Storage, "the disk is full: nothing was stored", "disk_full"};
  if (kind == SQLITE_CORRUPT || kind == SQLITE_NOTADB) return {Code::Tampered, "the database file is damaged: " + why};
  return {Code::Storage, "the database failed: " + why};
}

void bind(sqlite3_stmt* statement, int index, const Value& value) {
  if (const auto* number = std::get_if<std::int64_t>(&value)) {
    sqlite3_bind_int64(statement, index, *number);
  } else if (const auto* text = std::get_if<std::string>(&value)) {
    sqlite3_bind_text(statement, index, text->data(), static_cast<int>(text->size()), SQLITE_STATIC);
  } else if (const auto* blob = std::get_if<ByteVector>(&value)) {
    // An empty blob is a blob, not NULL.
    sqlite3_bind_blob(statement, index, blob->empty() ? "" : static_cast<const void*>(blob->data()), static_cast<int>(blob->size()), SQLITE_STATIC);
  } else {
    sqlite3_bind_null(statement, index);
  }
}

Value column(sqlite3_stmt* statement, int index) {
  const auto size = static_cast<std::size_t>(sqlite3_column_bytes(statement, index));
  switch (sqlite3_column_type(statement, index)) {
    case SQLITE_INTEGER: return std::int64_t{sqlite3_column_int64(statement, index)};
    case SQLITE_TEXT: return std::string(reinterpret_cast<const char*>(sqlite3_column_text(statement, index)), size);
    case SQLITE_BLOB: {
      const auto* data = static_cast<const std::uint8_t*>(sqlite3_column_blob(statement, index));
      return data == nullptr ? ByteVector() : ByteVector(data, data + size);
    }
    default: return {};
  }
}

std::string joined(const std::vector<std::string_view>& columns, std::string_view suffix, std::string_view separator) {
  std::string out;
  for (const auto name : columns) out.append(out.empty() ? "" : separator).append(name).append(suffix);
  return out;
}

std::string condition(const Where& where) {
  std::string out;
  for (const auto& match : where) out.append(out.empty() ? " WHERE " : " AND ").append(match.column).append(" IS ?");
  return out;
}

class SqliteBackend final : public Backend {
 public:
  static Result<std::unique_ptr<SqliteBackend>> open(const std::string& path);

  Result<std::vector<Values>> select(std::string_view table, const std::vector<std::string_view>& columns, const Where& where) override {
    STRONGROOM_TRY(sqlite3_stmt * statement, prepared("SELECT " + joined(columns, "", ", ") + " FROM " + std::string(table) + condition(where) + " ORDER BY rowid"));
    int index = 1;
    for (const auto& match : where) bind(statement, index++, match.value);
    std::vector<Values> rows;
    int code = SQLITE_ROW;
    while ((code = sqlite3_step(statement)) == SQLITE_ROW) {
      Values& row = rows.emplace_back();
      for (int i = 0; i < static_cast<int>(columns.size()); ++i) row.push_back(column(statement, i));
    }
    if (code != SQLITE_DONE) return std::unexpected(failed(statement, code));
    reset(statement);
    return rows;
  }

  Status insert(std::string_view table, const std::vector<std::string_view>& columns, const Values& values) override {
    std::string places;
    for (std::size_t i = 0; i < columns.size(); ++i) places += i == 0 ? "?" : ", ?";
    STRONGROOM_TRY(sqlite3_stmt * statement, prepared("INSERT INTO " + std::string(table) + " (" + joined(columns, "", ", ") + ") VALUES (" + places + ")"));
    for (std::size_t i = 0; i < values.size(); ++i) bind(statement, static_cast<int>(i) + 1, values[i]);
    return done(statement);
  }

  Result<int> update(std::string_view table, const std::vector<std::string_view>& columns, const Values& values, std::size_t key_columns) override {
    const std::vector<std::string_view> set(columns.begin() + static_cast<std::ptrdiff_t>(key_columns), columns.end());
    const std::vector<std::string_view> key(columns.begin(), columns.begin() + static_cast<std::ptrdiff_t>(key_columns));
    STRONGROOM_TRY(sqlite3_stmt * statement, prepared("UPDATE " + std::string(table) + " SET " + joined(set, " = ?", ", ") + " WHERE " + joined(key, " = ?", " AND ")));
    int index = 1;
    for (std::size_t i = key_columns; i < values.size(); ++i) bind(statement, index++, values[i]);
    for (std::size_t i = 0; i < key_columns; ++i) bind(statement, index++, values[i]);
    STRONGROOM_CHECKED(done(statement));
    return sqlite3_changes(connection_.get());
  }

  Result<int> erase(std::string_view table, const Where& where) override {
    STRONGROOM_TRY(sqlite3_stmt * statement, prepared("DELETE FROM " + std::string(table) + condition(where)));
    int index = 1;
    for (const auto& match : where) bind(statement, index++, match.value);
    STRONGROOM_CHECKED(done(statement));
    return sqlite3_changes(connection_.get());
  }

  Status begin() override { return execute("BEGIN IMMEDIATE"); }
  Status commit() override { return execute("COMMIT"); }
  void roll_back() override { (void)execute("ROLLBACK"); }

 private:
  Status execute(const char* statements) {
    const int code = sqlite3_exec(connection_.get(), statements, nullptr, nullptr, nullptr);
    if (code != SQLITE_OK) return std::unexpected(failure(connection_.get(), code));
    return {};
  }

  Result<sqlite3_stmt*> prepared(const std::string& text) {
    auto& cached = statements_[text];
    if (cached != nullptr) return cached.get();
    sqlite3_stmt* statement = nullptr;
    const int code = sqlite3_prepare_v3(connection_.get(), text.c_str(), static_cast<int>(text.size()), SQLITE_PREPARE_PERSISTENT, &statement, nullptr);
    if (code != SQLITE_OK) {
      statements_.erase(text);
      return std::unexpected(failure(connection_.get(), code));
    }
    cached.reset(statement);
    return statement;
  }

  static void reset(sqlite3_stmt* statement) {
    sqlite3_reset(statement);
    sqlite3_clear_bindings(statement);
  }
  Error failed(sqlite3_stmt* statement, int code) {
    Error error = failure(connection_.get(), code);
    reset(statement);
    return error;
  }
  Status done(sqlite3_stmt* statement) {
    const int code = sqlite3_step(statement);
    if (code != SQLITE_DONE) return std::unexpected(failed(statement, code));
    reset(statement);
    return {};
  }

  Status migrate();
  Result<std::int64_t> number(const std::string& query) {
    STRONGROOM_TRY(sqlite3_stmt * statement, prepared(query));
    const bool is_there = sqlite3_step(statement) == SQLITE_ROW;
    const std::int64_t value = is_there ? sqlite3_column_int64(statement, 0) : 0;
    reset(statement);
    return value;
  }

  std::unique_ptr<sqlite3, ConnectionClose> connection_;
  std::unordered_map<std::string, Statement> statements_;
};

/// The file exists with mode 0600 before SQLite opens it: its log and index files take that mode over.
Status make_private_file(const std::string& path) {
  const int fd = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (fd < 0) return fail(Code::Storage, "cannot open the database " + path + ": " + std::strerror(errno));
  struct stat info {};
  const bool is_private = ::fstat(fd, &info) == 0 && (info.st_mode & 0077U) == 0;
  ::close(fd);
  if (!is_private) return fail(Code::Refused, "others may read the database: chmod 600 " + path);
  return {};
}

Result<std::unique_ptr<SqliteBackend>> SqliteBackend::open(const std::string& path) {
  STRONGROOM_CHECKED(make_private_file(path));
  auto backend = std::make_unique<SqliteBackend>();
  sqlite3* connection = nullptr;
  const int code = sqlite3_open_v2(path.c_str(), &connection, SQLITE_OPEN_READWRITE | SQLITE_OPEN_EXRESCODE, nullptr);
  backend->connection_.reset(connection);
  if (code != SQLITE_OK) return fail(Code::Storage, "cannot open the database " + path);
  sqlite3_busy_timeout(connection, 2000);
  STRONGROOM_CHECKED(backend->execute("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON; PRAGMA secure_delete = ON;"
                                      "PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON; PRAGMA temp_store = MEMORY;"));
  STRONGROOM_CHECKED(backend->migrate());
  return backend;
}

std::string checksum(std::string_view statements) { return to_hex(crypto::sha256(bytes_of(statements))); }

Status SqliteBackend::migrate() {
  STRONGROOM_CHECKED(execute("CREATE TABLE IF NOT EXISTS schema_migrations (version INTEGER PRIMARY KEY, checksum TEXT NOT NULL) STRICT"));
  STRONGROOM_TRY(const std::int64_t at, number("SELECT coalesce(max(version), 0) FROM schema_migrations"));
  const auto steps = sqlite::migrations();
  if (at > steps.back().version)
    return fail(Code::Unsupported, "this database was made by a newer Strongroom (schema " + std::to_string(at) + "): use that version");
  STRONGROOM_TRY(const auto known, select("schema_migrations", {"version", "checksum"}, {}));
  if (known.size() != static_cast<std::size_t>(at)) return fail(Code::Tampered, "the database's schema was not made by this program");
  for (const auto& step : steps) {
    if (step.version <= at) {
      const auto* sum = std::get_if<std::string>(&known[static_cast<std::size_t>(step.version) - 1][1]);
      if (sum == nullptr || *sum != checksum(step.statements)) return fail(Code::Tampered, "the database's schema was not made by this program");
      continue;
    }
    STRONGROOM_CHECKED(begin());
    Status applied = execute(std::string(step.statements).c_str());
    if (applied) applied = insert("schema_migrations", {"version", "checksum"}, {std::int64_t{step.version}, checksum(step.statements)});
    if (applied) applied = commit();
    if (!applied) {
      roll_back();
      return applied;
    }
  }
  return {};
}

}  // namespace

Result<std::unique_ptr<Store>> open_sqlite(const std::string& path) {
  STRONGROOM_TRY(auto backend, SqliteBackend::open(path));
  return std::make_unique<Store>(std::move(backend));
}

}  // namespace strongroom::store
