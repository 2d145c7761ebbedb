// SPDX-License-Identifier: Apache-2.0
#include "store/sqlite/migrations.h"

#include <algorithm>

#include "store/fixture_for_test.h"
#include "store/sqlite/connection.h"

namespace strongroom::store::sqlite {
namespace {

class Migrations : public StoreFixture {
 protected:
  Status migrate(std::span<const Migration> steps) const {
    STRONGROOM_TRY(const auto connection, Connection::open(path));
    return bring_up_to_date(*connection, steps);
  }
  void sql(const std::string& statements) const {
    const auto connection = Connection::open(path);
    ASSERT_TRUE(connection);
    const auto status = (*connection)->execute(statements);
    ASSERT_TRUE(status) << status.error().message;
  }
  [[nodiscard]] std::int64_t count(const std::string& table) const {
    const auto connection = Connection::open(path);
    const auto rows = (*connection)->query("SELECT count(*) FROM " + table, {});
    return rows ? std::get<std::int64_t>((*rows)[0][0]) : -1;
  }
};

constexpr Migration kOne{1, "CREATE TABLE a (x INTEGER) STRICT;"};
constexpr Migration kTwo{2, "ALTER TABLE a ADD COLUMN y TEXT; CREATE TABLE b (z INTEGER) STRICT;"};

TEST_F(Migrations, steps_are_applied_once_and_keep_what_is_there) {
  ASSERT_TRUE(migrate(std::array{kOne}));
  sql("INSERT INTO a VALUES (7)");
  ASSERT_TRUE(migrate(std::array{kOne}));
  ASSERT_TRUE(migrate(std::array{kOne, kTwo}));
  ASSERT_TRUE(migrate(std::array{kOne, kTwo}));
  EXPECT_EQ(count("a WHERE x = 7 AND y IS NULL"), 1);
  EXPECT_EQ(count("schema_migrations"), 2);
}

TEST_F(Migrations, a_newer_database_is_refused_with_a_sentence) {
  ASSERT_TRUE(migrate(std::array{kOne, kTwo}));
  const auto status = migrate(std::array{kOne});
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().code, Code::Unsupported);
  EXPECT_NE(status.error().message.find("newer Strongroom"), std::string::npos);
}

TEST_F(Migrations, a_step_that_changed_since_is_refused) {
  ASSERT_TRUE(migrate(std::array{kOne}));
  const Migration changed{1, "CREATE TABLE a (x INTEGER, w INTEGER) STRICT;"};
  EXPECT_EQ(migrate(std::array{changed}).error().code, Code::Tampered);
  sql("UPDATE schema_migrations SET version = 2");
  EXPECT_EQ(migrate(std::array{kOne}).error().code, Code::Tampered);
}

TEST_F(Migrations, a_step_that_fails_leaves_the_step_before) {
  const Migration wrong{2, "CREATE TABLE c (x INTEGER); CREATE TABLE a (x INTEGER);"};
  EXPECT_FALSE(migrate(std::array{kOne, wrong}));
  EXPECT_EQ(count("schema_migrations"), 1);
  EXPECT_EQ(count("c"), -1);
  EXPECT_TRUE(migrate(std::array{kOne, kTwo}));
}

TEST_F(Migrations, a_first_start_cut_short_goes_on) {
  sql("CREATE TABLE schema_migrations (version INTEGER PRIMARY KEY, checksum TEXT NOT NULL) "
      "STRICT");
  EXPECT_TRUE(migrate(std::array{kOne, kTwo}));
}

TEST_F(Migrations, a_schema_changed_by_hand_is_refused) {
  for (const char* statement :
       {"CREATE TRIGGER t AFTER UPDATE ON keys BEGIN DELETE FROM sessions; END",
        "CREATE VIEW v AS SELECT * FROM keys", "CREATE TABLE extra (x)",
        "DROP INDEX keys_label_once", "ALTER TABLE keys ADD COLUMN extra TEXT",
        "PRAGMA writable_schema = ON; UPDATE sqlite_schema SET sql = replace(sql, 'CHECK ((home',"
        " 'CHECK (1 OR (home') WHERE name = 'keys'",
        "DROP TABLE schema_migrations", "DELETE FROM schema_migrations"}) {
    std::filesystem::remove(path);
    ASSERT_TRUE(open_sqlite(path));
    sql(statement);
    const auto again = open_sqlite(path);
    ASSERT_FALSE(again) << statement;
    EXPECT_EQ(again.error().code, Code::Tampered) << statement << ": " << again.error().message;
  }
}

/// Content of an installation made by the first version reads, and verifies, after the later steps.
TEST_F(Migrations, what_the_first_step_holds_survives_the_others) {
  ASSERT_TRUE(migrate(migrations().first(1)));
  const std::string id = crypto::random_id<TenantId>().text();
  sql("INSERT INTO tenants VALUES ('" + id + "', 'acme', 'active', x'01', 1, x'00')");
  ASSERT_TRUE(migrate(migrations()));
  EXPECT_EQ(count("tenants WHERE name = 'acme'"), 1);
  EXPECT_EQ(count("policies"), 0);
  EXPECT_EQ(count("policy_guards"), 0);
}

TEST_F(Migrations, numbers_are_without_gap) {
  int expected = 1;
  for (const auto& step : migrations()) EXPECT_EQ(step.version, expected++);
}

/// What the vault asks for, as SQL: none reads a whole table.
TEST_F(Migrations, every_look_up_has_an_index) {
  ASSERT_TRUE(open_sqlite(path));
  const auto connection = Connection::open(path);
  for (const char* look_up : {"tenants WHERE id IS ?",
                              "tenants WHERE name IS ?",
                              "epochs WHERE tenant IS ?",
                              "members WHERE tenant IS ?",
                              "members WHERE tenant IS ? AND name IS ? AND state IS ?",
                              "keys WHERE id IS ?",
                              "keys WHERE tenant IS ?",
                              "keys WHERE tenant IS ? AND service IS ?",
                              "keys WHERE tenant IS ? AND owner IS ?",
                              "key_versions WHERE key IS ?",
                              "key_versions WHERE key IS ? AND version IS ?",
                              "skills WHERE tenant IS ? AND name IS ?",
                              "sessions WHERE id IS ?",
                              "sessions WHERE state IS ?",
                              "sessions WHERE tenant IS ? AND state IS ?",
                              "sessions WHERE member IS ? AND state IS ?",
                              "grants WHERE pass_hash IS ?",
                              "grants WHERE session IS ?",
                              "grants WHERE key IS ?",
                              "receipts WHERE id IS ?",
                              "receipts WHERE subject IS ?",
                              "policies WHERE id IS ?",
                              "policies WHERE tenant IS ?",
                              "policies WHERE tenant IS ? AND service IS ? AND key IS ?",
                              "policies WHERE key IS ?",
                              "spending WHERE policy IS ?",
                              "policy_guards WHERE policy IS ?",
                              "tickets WHERE ticket_hash IS ?",
                              "runner_credentials WHERE credential_hash IS ?",
                              "installation WHERE name IS ?"}) {
    const auto plan =
        (*connection)
            ->query(std::string("EXPLAIN QUERY PLAN SELECT * FROM ") + look_up + " ORDER BY rowid",
                    {});
    ASSERT_TRUE(plan) << look_up;
    for (const auto& line : *plan) {
      const auto& detail = std::get<std::string>(line.back());
      EXPECT_FALSE(detail.starts_with("SCAN")) << look_up << ": " << detail;
    }
  }
}

}  // namespace
}  // namespace strongroom::store::sqlite
