// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>

#include "store/store.h"
#include "vault/fixture_for_test.h"

namespace strongroom::vault {
namespace {

namespace fs = std::filesystem;

class NotedAnchor final : public AnchorPlace {
 public:
  Result<std::optional<std::string>> read() override { return text; }
  Status write(const std::string& fresh) override {
    text = fresh;
    return {};
  }
  [[nodiscard]] std::string name() const override { return "the anchor"; }
  std::optional<std::string> text;
};

/// A TPM's, in memory. What is begun goes on when the test says so.
class NotedCounter final : public AnchorCounter {
 public:
  Result<std::int64_t> read() override {
    if (is_gone) return fail(Code::Sealed, "There is no TPM.");
    return value;
  }
  Result<std::int64_t> make() override { return value = 7; }
  Result<std::int64_t> raise(std::int64_t to) override { return value = to; }
  void begin_raising(std::int64_t to) override {
    begun = to;
    ++raises;
  }
  [[nodiscard]] std::string name() const override { return "the counter"; }
  std::int64_t value = 0;
  std::int64_t begun = 0;
  int raises = 0;
  bool is_gone = false;
};

class AnchorCount : public VaultFixture {
 protected:
  AnchorCount() {
    close();
    anchor = &place;
    counter = &tpm;
    open();
    make_acme();
  }
  ~AnchorCount() override { close(); }

  void raised() {
    tpm.value = tpm.begun;
    vault->counted(tpm.value);
  }
  std::int64_t named() { return read_anchor(*store, *place.text, "the anchor")->count; }
  /// A revoke as far as the vault takes it; the answer of the API waits.
  void take(const std::string& label) {
    const auto key = add("gemini", "AIzaSyTest-0123456789-abcdefghijklmn", {}, label);
    ASSERT_TRUE(key);
    ASSERT_TRUE(run(vault->revoke_key(kOperator, key->id)));
  }
  std::string content() {
    close();
    std::ifstream file(folder + "/strongroom.db", std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
  }
  void put_back(const std::string& octets) {
    close();
    for (const char* suffix : {"-wal", "-shm"}) fs::remove(folder + "/strongroom.db" + suffix);
    std::ofstream(folder + "/strongroom.db", std::ios::binary | std::ios::trunc) << octets;
  }
  void expect_refused(std::string_view said) {
    const auto status = try_open();
    EXPECT_CODE(status, Code::Sealed);
    EXPECT_EQ(status.error().reason, "database_older");
    EXPECT_TRUE(status.error().message.contains(said)) << status.error().message;
    close();
  }

  NotedAnchor place;
  NotedCounter tpm;
};

TEST_F(AnchorCount, is_made_at_the_first_start_and_named_by_the_anchor) {
  EXPECT_EQ(tpm.value, 7);
  EXPECT_EQ(named(), 7);
  EXPECT_EQ(tpm.raises, 0) << "what only gives raises nothing";
}

TEST_F(AnchorCount, L2_what_took_away_is_answered_once_it_is_counted_many_by_one) {
  take("first");
  const auto first = vault->counts_asked();
  EXPECT_EQ(named(), 8);
  EXPECT_FALSE(*vault->is_counted(first));
  take("second");
  take("third");
  EXPECT_EQ(tpm.raises, 1) << "one at a time";
  EXPECT_EQ(named(), 8) << "never two ahead";
  raised();
  EXPECT_TRUE(*vault->is_counted(first));
  EXPECT_FALSE(*vault->is_counted(vault->counts_asked()));
  EXPECT_EQ(named(), 9);
  raised();
  EXPECT_TRUE(*vault->is_counted(vault->counts_asked()));
  EXPECT_EQ(tpm.raises, 2);
}

TEST_F(AnchorCount, I10_L2_an_older_anchor_with_its_database_does_not_open) {
  const std::string octets = content();
  const auto text = place.text;
  open();
  take("gone");
  raised();
  close();
  put_back(octets);
  place.text = text;
  fs::remove_all(folder + "/audit");
  expect_refused("older than the counter");
  EXPECT_EQ(tpm.value, 8) << "a refused start changes nothing";
  accepts_rollback = true;
  open();
  EXPECT_EQ(named(), 9);
  raised();
  accepts_rollback = false;
  reopen();
  put_back(octets);
  place.text = text;
  expect_refused("older than the counter");
}

TEST_F(AnchorCount, a_crash_between_anchor_and_counter_is_finished_by_the_next_start) {
  take("gone");
  EXPECT_EQ(named(), tpm.value + 1);
  reopen();
  EXPECT_EQ(tpm.value, 8);
  EXPECT_EQ(named(), 8);
}

TEST_F(AnchorCount, L2_accepting_before_that_is_finished_leaves_no_anchor_that_is_as_new) {
  const std::string octets = content();
  open();
  take("gone");
  const auto newest = place.text;  // names 8, and the counter stands at 7
  const std::string newest_octets = content();
  put_back(octets);
  expect_refused("older than the anchor");
  accepts_rollback = true;
  open();
  raised();
  accepts_rollback = false;
  put_back(newest_octets);
  place.text = newest;
  fs::remove_all(folder + "/audit");
  expect_refused("older than the counter");
}

TEST_F(AnchorCount, of_another_tpm_is_refused_until_it_is_accepted) {
  close();
  tpm.value = 0;
  expect_refused("another TPM, or it was cleared");
  tpm.value = 3;
  expect_refused("stands at 3 only");
  accepts_rollback = true;
  open();
  EXPECT_EQ(named(), 4);
}

TEST_F(AnchorCount, that_no_anchor_names_is_no_first_one) {
  close();
  counter = nullptr;
  open();  // by a configuration without it: what was named stays named
  EXPECT_EQ(named(), 7);
  close();
  counter = &tpm;
  open();
  const AnchoredState none = [&] {
    auto state = *read_anchor(*store, *place.text, "the anchor");
    state.count = 0;
    return state;
  }();
  place.text = anchor_text(*store, none);
  close();
  expect_refused("names no count");
}

TEST_F(AnchorCount, that_cannot_be_read_ends_the_start) {
  close();
  tpm.is_gone = true;
  accepts_rollback = true;
  EXPECT_EQ(try_open().error().reason, "anchor_unavailable");
  close();
}

TEST_F(AnchorCount, that_fails_lets_revokes_through_and_nothing_else) {
  take("first");
  vault->counted(std::unexpected(Error(Code::Sealed, "There is no TPM.")));
  EXPECT_EQ(vault->is_counted(1).error().reason, "not_anchored");
  EXPECT_FALSE(vault->anchor_health());
  EXPECT_EQ(vault->add_member(kOperator, "acme", "carol", "member").error().reason,
            "anchor_unavailable");
  // Somebody else has raised it: that is not what the anchor names.
  vault->counted(12);
  EXPECT_FALSE(vault->anchor_health());
  raised();
  EXPECT_TRUE(vault->anchor_health());
  EXPECT_TRUE(vault->add_member(kOperator, "acme", "carol", "member"));
}

class WitnessedState : public AnchorCount {
 protected:
  WitnessedState() {
    close();
    counter = nullptr;
    witness.emplace();
    witness->name = "w1";
    open();
  }
};

TEST_F(WitnessedState, I10_L2_the_record_tells_what_the_database_has_to_be_as_new_as) {
  const std::string octets = content();
  const auto text = place.text;
  open();
  ASSERT_TRUE(run(vault->remove_member(kOperator, "acme", "alice")));
  EXPECT_GT(std::ranges::count(actions(), "database.anchor done"), 0);
  reopen();
  put_back(octets);
  place.text = text;
  expect_refused("older than the record of use, which tells of change");
  accepts_rollback = true;
  open();
  accepts_rollback = false;
  reopen();
}

TEST_F(WitnessedState, L2_what_a_witness_has_against_the_record_is_refused_until_it_is_accepted) {
  witness->is_against = true;
  witness->seen = 42;
  witness->why = "The witness 'w1': it has seen 42 entries.";
  close();
  expect_refused("has seen 42 entries");
  accepts_rollback = true;
  open();
  accepts_rollback = false;
  reopen();
  witness->name = "w2";  // nobody has accepted anything against another
  close();
  expect_refused("has seen 42 entries");
}

}  // namespace
}  // namespace strongroom::vault
