// SPDX-License-Identifier: Apache-2.0
#include "store/sqlite/connection.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace strongroom::store::sqlite {
namespace {

/// Values are bound by reference: `value` outlives the statement's run.
void bind(sqlite3_stmt* statement, int index, const Value& value) {
  if (const auto* number = std::get_if<std::int64_t>(&value)) {
    sqlite3_bind_int64(statement, index, *number);
  } else if (const auto* text = std::get_if<std::string>(&value)) {
    sqlite3_bind_text64(statement, index, text->data(), text->size(), SQLITE_STATIC, SQLITE_UTF8);
  } else if (const auto* blob = std::get_if<ByteVector>(&value)) {
    // A null pointer would bind NULL; an empty blob is a blob.
    const void* data = blob->empty() ? static_cast<const void*>("") : blob->data();
    sqlite3_bind_blob64(statement, index, data, blob->size(), SQLITE_STATIC);
  } else {
    sqlite3_bind_null(statement, index);
  }
}

/// Until the statement goes on.
ValueView column(sqlite3_stmt* statement, int index) {
  switch (sqlite3_column_type(statement, index)) {
    case SQLITE_INTEGER:
      return std::int64_t{sqlite3_column_int64(statement, index)};
    case SQLITE_TEXT: {
      const auto* data = reinterpret_cast<const char*>(sqlite3_column_text(statement, index));
      const auto size = static_cast<std::size_t>(sqlite3_column_bytes(statement, index));
      return data == nullptr ? std::string_view() : std::string_view(data, size);
    }
    case SQLITE_BLOB: {
      const auto* data = static_cast<const std::uint8_t*>(sqlite3_column_blob(statement, index));
      const auto size = static_cast<std::size_t>(sqlite3_column_bytes(statement, index));
      return data == nullptr ? ByteView() : ByteView(data, size);
    }
    default:
      return {};
  }
}

Value kept(const ValueView& value) {
  if (const auto* number = std::get_if<std::int64_t>(&value)) return *number;
  if (const auto* text = std::get_if<std::string_view>(&value)) return std::string(*text);
  if (const auto* blob = std::get_if<ByteView>(&value))
    return ByteVector(blob->begin(), blob->end());
  return {};
}

/// A statement that is reset, and has forgotten its parameters, whichever way its run is left.
class Run {
 public:
  Run(sqlite3_stmt* statement, const Values& parameters) : statement_(statement) {
    int index = 1;
    for (const auto& value : parameters) bind(statement_, index++, value);
  }
  Run(const Run&) = delete;
  Run& operator=(const Run&) = delete;
  ~Run() {
    sqlite3_reset(statement_);
    sqlite3_clear_bindings(statement_);
  }
  int step() { return sqlite3_step(statement_); }

 private:
  sqlite3_stmt* statement_;
};

/// The file has mode 0600 before SQLite opens it: log and index files take that mode over.
Status make_private_file(const std::string& path) {
  const int fd = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (fd < 0)
    return fail(Code::Storage, "cannot open the database " + path + ": " + std::strerror(errno));
  struct stat info{};
  const bool is_file = ::fstat(fd, &info) == 0 && S_ISREG(info.st_mode);
  ::close(fd);
  if (!is_file) return fail(Code::Storage, "the database " + path + " is not a file");
  if ((info.st_mode & 0077U) != 0)
    return fail(Code::Refused, "others may read the database: chmod 600 " + path);
  return {};
}

}  // namespace

Result<std::unique_ptr<Connection>> Connection::open_file(const std::string& path, int flags) {
  auto opened = std::make_unique<Connection>();
  sqlite3* handle = nullptr;
  const int code = sqlite3_open_v2(path.c_str(), &handle,
                                   flags | SQLITE_OPEN_EXRESCODE | SQLITE_OPEN_NOMUTEX, nullptr);
  opened->connection_.reset(handle);
  if (code != SQLITE_OK) return fail(Code::Storage, "cannot open the database " + path);
  return opened;
}

Result<std::unique_ptr<Connection>> Connection::open(const std::string& path) {
  STRONGROOM_CHECKED(make_private_file(path));
  STRONGROOM_TRY(auto opened, open_file(path, SQLITE_OPEN_READWRITE));
  STRONGROOM_CHECKED(opened->configure());
  return opened;
}

Result<std::unique_ptr<Connection>> Connection::open_in_memory() {
  return open_file(":memory:", SQLITE_OPEN_READWRITE | SQLITE_OPEN_MEMORY);
}

Result<std::unique_ptr<Connection>> Connection::open_for_copy(const std::string& path) {
  STRONGROOM_CHECKED(make_private_file(path));
  STRONGROOM_TRY(auto opened, open_file(path, SQLITE_OPEN_READWRITE));
  STRONGROOM_CHECKED(
      opened->execute("PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA "
                      "locking_mode = EXCLUSIVE;"));
  return opened;
}

Status Connection::configure() {
  sqlite3_busy_timeout(connection_.get(), 2000);
  // EXCLUSIVE: a second process, ours or not, neither reads nor writes while this one runs.
  STRONGROOM_CHECKED(execute(
      "PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;"
      "PRAGMA foreign_keys = ON; PRAGMA secure_delete = ON; PRAGMA trusted_schema = OFF;"
      "PRAGMA cell_size_check = ON; PRAGMA temp_store = MEMORY;"));
  // A pragma that does not apply (a file system without locks) says so only in its answer.
  STRONGROOM_TRY(const auto journal, query("PRAGMA journal_mode", {}));
  STRONGROOM_TRY(const auto synchronous, query("PRAGMA synchronous", {}));
  STRONGROOM_TRY(const auto foreign_keys, query("PRAGMA foreign_keys", {}));
  const bool is_durable = journal == std::vector<Values>{{std::string("wal")}} &&
                          synchronous == std::vector<Values>{{std::int64_t{2}}} &&
                          foreign_keys == std::vector<Values>{{std::int64_t{1}}};
  if (is_durable) return {};
  return fail(Code::Unsupported,
              "the database's file system cannot keep a write-ahead log: use a local disk");
}

bool Connection::is_in_transaction() const {
  return sqlite3_get_autocommit(connection_.get()) == 0;
}

/// SQLite's own texts name tables and columns, never values.
Error Connection::failure(int code) const {
  const std::string why = sqlite3_errmsg(connection_.get());
  switch (code & 0xFF) {
    case SQLITE_CONSTRAINT:
      return {Code::Conflict, "the database refuses it: " + why};
    case SQLITE_FULL:
      return {Code::Storage, "the disk is full: nothing was stored", "disk_full"};
    case SQLITE_READONLY:
      return {Code::Storage, "the database cannot be written to: nothing was stored", "read_only"};
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return {Code::Unavailable, "another process has the database open: end it first", "locked"};
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      return {Code::Tampered, "the database file is damaged: " + why};
    default:
      return {Code::Storage, "the database failed: " + why};
  }
}

Status Connection::execute(const std::string& statements) {
  const int code = sqlite3_exec(connection_.get(), statements.c_str(), nullptr, nullptr, nullptr);
  if (code != SQLITE_OK) return std::unexpected(failure(code));
  return {};
}

Result<sqlite3_stmt*> Connection::prepared(const std::string& text) {
  if (const auto found = statements_.find(text); found != statements_.end())
    return found->second.get();
  sqlite3_stmt* statement = nullptr;
  const int code =
      sqlite3_prepare_v3(connection_.get(), text.c_str(), static_cast<int>(text.size()),
                         SQLITE_PREPARE_PERSISTENT, &statement, nullptr);
  if (code != SQLITE_OK) return std::unexpected(failure(code));
  statements_.emplace(text, statement);
  return statement;
}

Status Connection::visit(const std::string& text, const Values& parameters,
                         const RowVisitor& visitor) {
  STRONGROOM_TRY(sqlite3_stmt* const statement, prepared(text));
  Run run(statement, parameters);
  std::vector<ValueView> row(static_cast<std::size_t>(sqlite3_column_count(statement)));
  int code = run.step();
  for (; code == SQLITE_ROW; code = run.step()) {
    for (std::size_t i = 0; i < row.size(); ++i) row[i] = column(statement, static_cast<int>(i));
    visitor(row);
  }
  if (code != SQLITE_DONE) return std::unexpected(failure(code));
  return {};
}

Result<std::vector<Values>> Connection::query(const std::string& text, const Values& parameters) {
  std::vector<Values> rows;
  STRONGROOM_CHECKED(visit(text, parameters, [&rows](std::span<const ValueView> row) {
    Values& values = rows.emplace_back();
    values.reserve(row.size());
    for (const ValueView& value : row) values.push_back(kept(value));
  }));
  return rows;
}

Result<int> Connection::change(const std::string& text, const Values& parameters) {
  STRONGROOM_TRY(sqlite3_stmt* const statement, prepared(text));
  Run run(statement, parameters);
  const int code = run.step();
  if (code != SQLITE_DONE) return std::unexpected(failure(code));
  return sqlite3_changes(connection_.get());
}

}  // namespace strongroom::store::sqlite
