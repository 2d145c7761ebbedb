// Connection: one open SQLite database and its prepared statements; what every part of sqlite/
// talks to. Threads: one. Fails: Storage, Conflict, Tampered (not a database), Unavailable (another
// process has it). SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sqlite3.h>

#include <memory>
#include <string>
#include <unordered_map>

#include "base/result.h"
#include "store/store.h"

namespace strongroom::store::sqlite {

class Connection {
 public:
  /// The file, made with mode 0600 when missing, locked for this process alone; write-ahead log,
  /// synchronised commits. Refused when others may read it.
  static Result<std::unique_ptr<Connection>> open(const std::string& path);
  /// An empty database in memory, for comparing schemas.
  static Result<std::unique_ptr<Connection>> open_in_memory();

  /// Statements without parameters and without rows.
  Status execute(const std::string& statements);
  /// Runs one statement and answers its rows.
  Result<std::vector<Values>> query(const std::string& text, const Values& parameters);
  /// The same, row by row, without a copy of any.
  Status visit(const std::string& text, const Values& parameters, const RowVisitor& visitor);
  /// Runs one statement that answers no rows; how many rows it changed.
  Result<int> change(const std::string& text, const Values& parameters);
  /// For what SQLite does between two databases (copy.cpp).
  [[nodiscard]] sqlite3* handle() const { return connection_.get(); }
  /// An empty file for a copy: nothing in it is synchronised.
  static Result<std::unique_ptr<Connection>> open_for_copy(const std::string& path);
  [[nodiscard]] Error failure(int code) const;
  /// Inside BEGIN and COMMIT? SQLite leaves a transaction by itself when the disk fails.
  [[nodiscard]] bool is_in_transaction() const;

 private:
  struct Finalize {
    void operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }
  };
  struct Close {
    void operator()(sqlite3* connection) const { sqlite3_close_v2(connection); }
  };
  static Result<std::unique_ptr<Connection>> open_file(const std::string& path, int flags);
  Status configure();
  Result<sqlite3_stmt*> prepared(const std::string& text);

  std::unique_ptr<sqlite3, Close> connection_;
  std::unordered_map<std::string, std::unique_ptr<sqlite3_stmt, Finalize>> statements_;
};

}  // namespace strongroom::store::sqlite
