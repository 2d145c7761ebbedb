// Bringing a database up to date, and proving that its schema is ours.
// SPDX-License-Identifier: Apache-2.0
#include "base/encoding.h"
#include "crypto/crypto.h"
#include "store/sqlite/connection.h"
#include "store/sqlite/migrations.h"

namespace strongroom::store::sqlite {
namespace {

constexpr const char* kHistory =
    "CREATE TABLE schema_migrations (version INTEGER PRIMARY KEY, checksum TEXT NOT NULL) STRICT";

std::string checksum(std::string_view statements) {
  return to_hex(crypto::sha256(bytes_of(statements)));
}

std::unexpected<Error> not_ours() {
  return fail(Code::Tampered,
              "the database's schema is not what Strongroom made: it was changed outside it");
}

/// `work` in a transaction.
template <class Work>
Status atomically(Connection& connection, Work&& work) {
  STRONGROOM_CHECKED(connection.execute("BEGIN IMMEDIATE"));
  Status done = work();
  if (done) done = connection.execute("COMMIT");
  if (!done && connection.is_in_transaction()) (void)connection.execute("ROLLBACK");
  return done;
}

Status apply(Connection& connection, const Migration& step) {
  return atomically(connection, [&]() -> Status {
    STRONGROOM_CHECKED(connection.execute(std::string(step.statements)));
    STRONGROOM_TRY([[maybe_unused]] const int one,
                   connection.change("INSERT INTO schema_migrations VALUES (?, ?)",
                                     {std::int64_t{step.version}, checksum(step.statements)}));
    return {};
  });
}

/// The steps that the database says it has, which must be ours, in order. A new one has none.
Result<std::size_t> steps_done(Connection& connection, std::span<const Migration> steps) {
  STRONGROOM_TRY(const auto objects, connection.query("SELECT count(*) FROM sqlite_schema", {}));
  if (objects == std::vector<Values>{{std::int64_t{0}}}) {
    STRONGROOM_CHECKED(connection.execute(kHistory));
    return 0;
  }
  const auto known =
      connection.query("SELECT version, checksum FROM schema_migrations ORDER BY version", {});
  // A first start that was cut short has the history alone, and empty.
  const bool is_begun = objects == std::vector<Values>{{std::int64_t{1}}};
  if (!known || (known->empty() && !is_begun)) return not_ours();
  for (std::size_t i = 0; i < known->size() && i < steps.size(); ++i) {
    const Values ours = {std::int64_t{steps[i].version}, checksum(steps[i].statements)};
    if ((*known)[i] != ours) return not_ours();
  }
  if (known->size() > steps.size())
    return fail(Code::Unsupported, "this database was made by a newer Strongroom (schema " +
                                       std::to_string(known->size()) + ", this one knows " +
                                       std::to_string(steps.size()) + "): use that version");
  return known->size();
}

Result<std::vector<Values>> schema_of(Connection& connection) {
  return connection.query(
      "SELECT type, name, tbl_name, sql FROM sqlite_schema WHERE name NOT LIKE 'sqlite_stat%' "
      "ORDER BY type, name",
      {});
}

/// No trigger, view, index or missing constraint: the same as a new database's.
Status compare_with_new(Connection& connection, std::span<const Migration> steps) {
  STRONGROOM_TRY(const auto reference, Connection::open_in_memory());
  STRONGROOM_CHECKED(reference->execute(kHistory));
  for (const auto& step : steps) STRONGROOM_CHECKED(apply(*reference, step));
  STRONGROOM_TRY(const auto wanted, schema_of(*reference));
  STRONGROOM_TRY(const auto found, schema_of(connection));
  if (found != wanted) return not_ours();
  return {};
}

}  // namespace

Status bring_up_to_date(Connection& connection, std::span<const Migration> steps) {
  STRONGROOM_TRY(const std::size_t done, steps_done(connection, steps));
  for (const auto& step : steps.subspan(done)) STRONGROOM_CHECKED(apply(connection, step));
  return compare_with_new(connection, steps);
}

Status prove_up_to_date(Connection& connection, std::span<const Migration> steps) {
  STRONGROOM_TRY(const std::size_t done, steps_done(connection, steps));
  if (done < steps.size())
    return fail(Code::Unsupported,
                "this database was made by an older Strongroom: the next start brings it up to "
                "date");
  return compare_with_new(connection, steps);
}

}  // namespace strongroom::store::sqlite
