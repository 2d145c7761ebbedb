// A database changed behind the store's back, in every way that one statement of SQL can: each is
// noticed. SPDX-License-Identifier: Apache-2.0
#include <set>

#include "base/encoding.h"
#include "store/fixture_for_test.h"
#include "store/row_digest.h"
#include "store/sqlite/migrations.h"
#include "store/sqlite/sqlite_backend.h"

namespace strongroom::store {
namespace {

class Tamper : public StoreFixture {
 protected:
  Tamper() {
    auto opened = sqlite::Connection::open(path);
    EXPECT_TRUE(opened);
    raw = std::move(*opened);
    EXPECT_TRUE(sqlite::bring_up_to_date(*raw, sqlite::migrations()));
    store = std::make_unique<Store>(sqlite::make_backend(raw));
    store->unlock(row_key());
    EXPECT_TRUE(store->verify_all());
    EXPECT_TRUE(rows.insert_into(*store));
    sql("PRAGMA foreign_keys = OFF; PRAGMA ignore_check_constraints = ON;"
        "DROP INDEX grants_by_pass; DROP INDEX keys_label_once; DROP INDEX members_name_once");
  }

  void sql(const std::string& statements) const {
    const auto status = raw->execute(statements);
    ASSERT_TRUE(status) << status.error().message;
  }
  /// How many rows it changed; none where a constraint forbids it.
  int change(const std::string& statement, const Values& parameters) const {
    return raw->change(statement, parameters).value_or(0);
  }
  [[nodiscard]] std::vector<Values> query(const std::string& statement) const {
    auto found = raw->query(statement, {});
    EXPECT_TRUE(found);
    return found ? *found : std::vector<Values>();
  }

  /// verify_all() refuses; and where rows have a MAC, so does reading them.
  template <class Row>
  void expect_noticed(const std::string& what) const {
    const auto verified = store->verify_all();
    EXPECT_FALSE(verified) << what;
    if (!verified) EXPECT_EQ(verified.error().code, Code::Tampered) << what;
    const auto changed = store->transact([] { return Status(); });
    EXPECT_FALSE(changed) << "nothing may be sealed over it: " << what;
  }
  template <class Row>
  static bool has_mac() {
    return Row::kTable != Seal::kTable && Row::kTable != RootSecret::kTable;
  }
  template <class Row>
  void expect_unreadable(const std::string& what) const {
    const auto read = store->list<Row>();
    if (!has_mac<Row>()) return;
    EXPECT_FALSE(read) << what;
    if (!read) EXPECT_EQ(read.error().code, Code::Tampered) << what;
  }
  void expect_whole(const std::string& after) const {
    const auto verified = store->verify_all();
    EXPECT_TRUE(verified) << after;
  }

  template <class Row>
  static std::vector<std::string> columns_with_mac() {
    std::vector<std::string> columns;
    for (const auto name : Store::columns_of<Row>()) columns.emplace_back(name);
    if (has_mac<Row>()) columns.emplace_back("mac");
    return columns;
  }

  /// Sets one column of the first row, looks, and puts it back.
  template <class Row>
  void with_changed(const std::string& column, const Value& value, const std::string& what) {
    const std::string table(Row::kTable);
    const auto before = query("SELECT rowid, " + column + " FROM " + table + " ORDER BY rowid")[0];
    const std::string update = "UPDATE " + table + " SET " + column + " = ? WHERE rowid = ?";
    if (change(update, {value, before[0]}) == 0) return;
    expect_unreadable<Row>(what);
    expect_noticed<Row>(what);
    ASSERT_EQ(change(update, {before[1], before[0]}), 1);
    ++changes;
  }

  Rows rows;
  std::shared_ptr<sqlite::Connection> raw;
  std::unique_ptr<Store> store;
  int changes = 0;
};

Value other_than(const Value& value) {
  if (const auto* number = std::get_if<std::int64_t>(&value)) return *number ^ 1;
  if (const auto* text = std::get_if<std::string>(&value)) return *text + "x";
  if (const auto* blob = std::get_if<ByteVector>(&value)) {
    ByteVector longer = *blob;
    longer.push_back(0);
    return longer;
  }
  return MemberId(IdBytes{1}).text();
}

/// Nobody adds a table or a column that nothing watches over.
TEST_F(Tamper, every_table_and_column_of_the_schema_belongs_to_a_row_type) {
  std::set<std::string> watched = {"state.id", "state.revision", "state.mac",
                                   "tenant_states.tenant", "tenant_states.mac",
                                   // compared with what the migrations make, at each start
                                   "schema_migrations.version", "schema_migrations.checksum"};
  for_each_row_type([&]<class Row>() {
    for (const auto& column : columns_with_mac<Row>())
      watched.insert(std::string(Row::kTable) + "." + column);
  });
  std::set<std::string> found;
  for (const auto& row :
       query("SELECT t.name || '.' || c.name FROM sqlite_schema t, pragma_table_info(t.name) c "
             "WHERE t.type = 'table'"))
    found.insert(std::get<std::string>(row[0]));
  EXPECT_EQ(found, watched);
}

TEST_F(Tamper, every_column_of_every_row_type) {
  for_each_row_type([&]<class Row>() {
    for (const auto& column : columns_with_mac<Row>()) {
      const std::string table(Row::kTable);
      const auto value = query("SELECT " + column + " FROM " + table + " ORDER BY rowid")[0][0];
      const std::string name = table + "." + column;
      const int before = changes;
      with_changed<Row>(column, other_than(value), name);
      if (std::holds_alternative<std::string>(value)) {
        with_changed<Row>(column, std::string(), name + " emptied");
      }
      if (std::holds_alternative<ByteVector>(value)) {
        with_changed<Row>(column, ByteVector(), name + " emptied");
      }
      EXPECT_GT(changes, before) << name << " was never changed";
    }
  });
  EXPECT_GT(changes, 75);
  expect_whole("every change was taken back");
}

TEST_F(Tamper, every_bit_of_every_blob) {
  for_each_row_type([&]<class Row>() {
    for (const auto& column : columns_with_mac<Row>()) {
      const std::string table(Row::kTable);
      const auto value = query("SELECT " + column + " FROM " + table + " ORDER BY rowid")[0][0];
      const auto* blob = std::get_if<ByteVector>(&value);
      for (std::size_t bit = 0; blob != nullptr && bit < blob->size() * 8; ++bit) {
        ByteVector flipped = *blob;
        flipped[bit / 8] ^= static_cast<std::uint8_t>(1U << (bit % 8));
        with_changed<Row>(column, flipped, table + "." + column + " bit " + std::to_string(bit));
      }
    }
  });
  EXPECT_GT(changes, 2000);
  expect_whole("every flip was taken back");
}

TEST_F(Tamper, columns_of_two_rows_swapped) {
  for_each_row_type([&]<class Row>() {
    const std::string table(Row::kTable);
    for (const auto& column : columns_with_mac<Row>()) {
      const auto both = query("SELECT rowid, " + column + " FROM " + table + " ORDER BY rowid");
      if (both[0][1] == both[1][1]) continue;
      const std::string update = "UPDATE " + table + " SET " + column + " = ? WHERE rowid = ?";
      // A primary key goes by a third value.
      const Value aside = other_than(both[0][1]);
      const auto swap = [&](const Value& first, const Value& second) {
        EXPECT_EQ(change(update, {aside, both[1][0]}), 1) << table << column;
        EXPECT_EQ(change(update, {first, both[0][0]}), 1) << table << column;
        EXPECT_EQ(change(update, {second, both[1][0]}), 1) << table << column;
      };
      swap(both[1][1], both[0][1]);
      expect_unreadable<Row>(table + "." + column);
      expect_noticed<Row>(table + "." + column);
      swap(both[0][1], both[1][1]);
      ++changes;
    }
  });
  EXPECT_GT(changes, 50);
  expect_whole("every swap was taken back");
}

TEST_F(Tamper, a_row_deleted) {
  for_each_row_type([&]<class Row>() {
    const std::string table(Row::kTable);
    for (const char* which : {" WHERE rowid = 1", ""}) {
      sql("SAVEPOINT here; DELETE FROM " + table + which);
      const auto verified = store->verify_all();
      EXPECT_FALSE(verified) << table << which;
      sql("ROLLBACK TO here; RELEASE here");
    }
  });
  expect_whole("every row is back");
}

TEST_F(Tamper, every_row_deleted) {
  for_each_row_type([&]<class Row>() { sql("DELETE FROM " + std::string(Row::kTable)); });
  EXPECT_FALSE(store->verify_all());
}

TEST_F(Tamper, an_old_row_put_back_or_doubled) {
  sql("CREATE TEMP TABLE old AS SELECT * FROM keys");
  Key revoked = rows.keys[0];
  revoked.state = "revoked";
  ASSERT_TRUE(store->transact([&] { return store->update(revoked); }));
  sql("SAVEPOINT here; DELETE FROM keys; INSERT INTO keys SELECT * FROM old");
  EXPECT_TRUE(store->list<Key>()) << "each row is right by itself";
  expect_noticed<Key>("a revoked key put back");
  sql("ROLLBACK TO here; RELEASE here");
  expect_whole("the old row is away");
}

TEST_F(Tamper, an_erased_row_put_back) {
  for_each_row_type([&]<class Row>() {
    const std::string table(Row::kTable);
    sql("CREATE TEMP TABLE old AS SELECT * FROM " + table);
    const auto erased = store->transact([&]() -> Status {
      auto gone = store->erase<Row>({});
      return gone ? Status() : std::unexpected(gone.error());
    });
    ASSERT_TRUE(erased) << table;
    sql("SAVEPOINT here; INSERT INTO main." + table + " SELECT * FROM temp.old WHERE rowid = 1");
    expect_noticed<Row>(table);
    sql("ROLLBACK TO here; RELEASE here; DROP TABLE temp.old");
    expect_whole(table);
  });
}

TEST_F(Tamper, an_erased_row_put_back_under_a_number_that_sqlite_never_gives) {
  for (const std::string number : {"0", "-1", "-9223372036854775808", "9223372036854775807"}) {
    sql("CREATE TEMP TABLE old AS SELECT * FROM skills");
    ASSERT_TRUE(store->transact([&]() -> Status {
      const auto gone = store->erase<Skill>({});
      return gone ? Status() : std::unexpected(gone.error());
    }));
    sql("SAVEPOINT here; INSERT INTO main.skills SELECT * FROM temp.old WHERE rowid = 1; UPDATE "
        "main.skills SET rowid = " +
        number);
    EXPECT_TRUE(store->list<Skill>()) << "the row is right by itself";
    EXPECT_FALSE(store->verify_all()) << number;
    sql("ROLLBACK TO here; RELEASE here; DROP TABLE temp.old");
    expect_whole(number);
    ASSERT_TRUE(store->transact([&] { return store->insert(rows.skills[0]); }));
  }
}

TEST_F(Tamper, the_state_row) {
  sql("CREATE TEMP TABLE old AS SELECT * FROM state");
  ASSERT_TRUE(store->transact([] { return Status(); }));
  for (const char* statement :
       {"DELETE FROM state", "UPDATE state SET revision = revision + 1",
        "UPDATE state SET mac = zeroblob(32)", "UPDATE state SET mac = zeroblob(0)",
        "UPDATE state SET revision = 0",
        "UPDATE state SET (revision, mac) = (SELECT revision, mac"
        " FROM temp.old)",
        "INSERT INTO state SELECT 2, revision, mac FROM state"}) {
    sql(std::string("SAVEPOINT here; ") + statement);
    const auto verified = store->verify_all();
    // Rows and state of the same earlier moment are what an old backup is: not this check's.
    const bool is_same_content = std::string(statement).find("temp.old") != std::string::npos;
    EXPECT_EQ(bool(verified), is_same_content) << statement;
    sql("ROLLBACK TO here; RELEASE here");
  }
  expect_whole("the state is back");
}

/// All of it, two rows at a time.
Inspection inspected(Store& store) {
  Inspection out;
  while (store.inspect_part(out, 2)) {
  }
  return out;
}

TEST_F(Tamper, an_inspection_names_each_row_and_goes_on) {
  const Inspection whole = inspected(*store);
  EXPECT_EQ(whole.fault_count, 0);
  EXPECT_TRUE(whole.damage.empty()) << whole.damage.front();
  EXPECT_EQ(whole.is_content_right, true);
  EXPECT_GT(whole.rows, 20);
  sql("UPDATE keys SET label = 'canary-value' WHERE rowid = 1");
  sql("UPDATE members SET role = 'auditor' WHERE rowid = 1");
  sql("UPDATE key_versions SET not_after = not_after + 1 WHERE rowid = 1");
  const Inspection found = inspected(*store);
  ASSERT_EQ(found.fault_count, 3);
  EXPECT_EQ(found.rows, whole.rows);
  EXPECT_EQ(found.faults[0].table, "members");
  EXPECT_EQ(found.faults[1].table, "keys");
  EXPECT_TRUE(found.faults[1].row.starts_with("key_")) << found.faults[1].row;
  EXPECT_EQ(found.faults[2].table, "key_versions");
  EXPECT_EQ(found.is_content_right, std::nullopt);
}

TEST_F(Tamper, an_inspection_sees_rows_that_went_and_leaves_the_store_as_it_was) {
  sql("SAVEPOINT here; DELETE FROM receipts WHERE rowid = 1");
  EXPECT_EQ(inspected(*store).is_content_right, false);
  sql("ROLLBACK TO here; RELEASE here");
  EXPECT_EQ(inspected(*store).is_content_right, true);
  EXPECT_TRUE(store->transact([] { return Status(); }));
  expect_whole("nothing was changed by looking");
}

TEST_F(Tamper, an_old_row_put_back_names_its_tenant) {
  const std::string tenant = rows.keys[0].tenant.text();
  sql("CREATE TEMP TABLE old AS SELECT * FROM keys");
  Key revoked = rows.keys[0];
  revoked.state = "revoked";
  ASSERT_TRUE(store->transact([&] { return store->update(revoked); }));
  sql("DELETE FROM keys; INSERT INTO keys SELECT * FROM old");
  EXPECT_EQ(inspected(*store).tenants, std::vector{tenant});
  const auto verified = store->verify_all();
  ASSERT_FALSE(verified);
  EXPECT_TRUE(verified.error().message.ends_with(", of the tenant " + tenant))
      << verified.error().message;
}

TEST_F(Tamper, the_state_of_a_tenant) {
  const std::string tenant = rows.tenants[0].id.text();
  const std::string here = " WHERE tenant = '" + tenant + "'";
  sql("CREATE TEMP TABLE old AS SELECT * FROM tenant_states");
  Tenant renamed = rows.tenants[0];
  renamed.name = "renamed";
  ASSERT_TRUE(store->transact([&] { return store->update(renamed); }));
  for (const std::string& statement :
       {"DELETE FROM tenant_states" + here, std::string("DELETE FROM tenant_states"),
        "UPDATE tenant_states SET mac = zeroblob(32)" + here,
        "UPDATE tenant_states SET tenant = 'ten_x'" + here,
        "INSERT INTO tenant_states SELECT 'ten_x', mac FROM tenant_states" + here,
        "UPDATE tenant_states SET mac = (SELECT mac FROM temp.old o WHERE o.tenant = "
        "tenant_states.tenant)" +
            here}) {
    sql("SAVEPOINT here; " + statement);
    EXPECT_EQ(inspected(*store).is_content_right, false) << statement;
    const auto verified = store->verify_all();
    EXPECT_FALSE(verified) << statement;
    if (!verified)
      EXPECT_NE(verified.error().message.find(", of the tenant ten_"), std::string::npos);
    sql("ROLLBACK TO here; RELEASE here");
    expect_whole(statement);
  }
}

TEST_F(Tamper, a_tenant_put_back_with_its_state_is_another_root) {
  sql("CREATE TEMP TABLE old AS SELECT * FROM tenants; CREATE TEMP TABLE old_states AS SELECT * "
      "FROM tenant_states");
  Tenant renamed = rows.tenants[0];
  renamed.name = "renamed";
  ASSERT_TRUE(store->transact([&] { return store->update(renamed); }));
  sql("PRAGMA foreign_keys = OFF; DELETE FROM tenants; INSERT INTO tenants SELECT * FROM old; "
      "DELETE FROM tenant_states; INSERT INTO tenant_states SELECT * FROM old_states");
  const auto differing = inspected(*store);
  EXPECT_EQ(differing.is_content_right, false);
  EXPECT_TRUE(differing.tenants.empty()) << "each is right by itself";
  expect_noticed<Tenant>("an old tenant with its old state");
}

/// Every database until its tenants had states: a MAC over one digest of all rows.
TEST_F(Tamper, a_database_whose_tenants_have_no_states_is_taken_as_it_is_and_gets_them) {
  const auto key_for = [](std::string_view use) {
    return crypto::hkdf_sha256(row_key(), {}, bytes_of(use), 32);
  };
  Sum sum{};
  for_each_row_type([&]<class Row>() {
    for (const auto& row : *store->list<Row>())
      add_to(sum, crypto::hmac_sha256(
                      key_for("strongroom content hash"),
                      canonical(Row::kTable, Store::columns_of<Row>(), Store::values_of(row))));
  });
  const auto revision = store->revision();
  ByteVector octets;
  Writer writer(octets);
  writer.text("state");
  writer.i64(revision);
  writer.raw(sum);
  const auto mac = crypto::hmac_sha256(key_for("strongroom row authentication"), octets);
  const ByteVector sealed(mac.begin(), mac.end());
  EXPECT_EQ(change("UPDATE state SET mac = ?", {sealed}), 1);
  EXPECT_FALSE(store->verify_all()) << "states of tenants that it never had";
  sql("DELETE FROM tenant_states");
  ASSERT_TRUE(store->verify_all());
  EXPECT_EQ(store->durable().digest, sealed) << "what its anchor names";
  EXPECT_FALSE(store->transact([] { return fail(Code::Refused, "no"); }));
  expect_whole("a change that was none");
  ASSERT_TRUE(store->transact([] { return Status(); }));
  EXPECT_EQ(query("SELECT count(*) FROM tenant_states")[0][0], Value(std::int64_t{2}));
  expect_whole("its tenants have states");
  EXPECT_EQ(change("UPDATE state SET mac = ?", {sealed}), 1);
  EXPECT_FALSE(store->verify_all()) << "and no way back";
}

TEST_F(Tamper, rows_of_another_row_key) {
  Store other(sqlite::make_backend(raw));
  other.unlock(row_key(8));
  EXPECT_EQ(other.verify_all().error().code, Code::Tampered);
  EXPECT_EQ(other.list<Tenant>().error().code, Code::Tampered);
}

TEST_F(Tamper, a_value_of_another_type_or_shape) {
  sql("UPDATE tenants SET id = 'key_' || substr(id, 5)");
  EXPECT_EQ(store->list<Tenant>().error().code, Code::Tampered);
  sql("UPDATE seals SET id = 'nonsense' WHERE rowid = 1");
  EXPECT_EQ(store->list<Seal>().error().code, Code::Tampered);
}

TEST_F(Tamper, what_is_refused_names_no_value) {
  sql("UPDATE keys SET label = 'canary-value'");
  const auto read = store->list<Key>();
  ASSERT_FALSE(read);
  EXPECT_NE(read.error().message.find("'keys'"), std::string::npos);
  EXPECT_EQ(read.error().message.find("canary"), std::string::npos);
}

}  // namespace
}  // namespace strongroom::store
