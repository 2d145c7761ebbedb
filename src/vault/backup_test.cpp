// SPDX-License-Identifier: Apache-2.0
#include "vault/backup.h"

#include <algorithm>
#include <fstream>

#include "vault/fixture_for_test.h"

namespace strongroom::vault {
namespace {

namespace fs = std::filesystem;
constexpr std::string_view kGemini = "AIzaSyTest-0123456789-abcdefghijklmn";

class Backups : public VaultFixture {
 protected:
  Backups() { make_acme(); }

  Result<std::unique_ptr<Backup>> begin() {
    return vault->begin_backup(kOperator, {folder + "/backup.copy", [] { return "checkpoint"; }});
  }
  /// `between`: what happens after each step of the copying.
  ByteVector whole(const std::function<void()>& between = [] {}) {
    auto backup = begin();
    EXPECT_TRUE(backup) << backup.error().message;
    for (bool is_more = true; is_more;) {
      is_more = (*backup)->copy().value_or(false);
      if (is_more) between();
    }
    ByteVector all;
    for (;;) {
      const auto piece = (*backup)->next();
      EXPECT_TRUE(piece);
      if (!piece || piece->empty()) return all;
      all.insert(all.end(), piece->begin(), piece->end());
    }
  }
  SealOptions seals() const {
    SealOptions options;
    options.file_path = folder + "/seal.key";
    return options;
  }
  Result<BackupHead> read(const ByteVector& backup, std::string* into = nullptr) {
    std::size_t at = 0;
    const auto source = [&](std::size_t size) -> Result<ByteVector> {
      const std::size_t end = std::min(backup.size(), at + size);
      ByteVector part(backup.begin() + static_cast<std::ptrdiff_t>(at),
                      backup.begin() + static_cast<std::ptrdiff_t>(end));
      at = end;
      return part;
    };
    return read_backup(source, seals(), [&](ByteView piece) -> Status {
      if (into != nullptr) into->append(text_of(piece));
      return {};
    });
  }
  std::string restored(const ByteVector& backup, BackupHead& head) {
    std::string content;
    const auto said = read(backup, &content);
    EXPECT_TRUE(said) << said.error().message;
    if (said) head = *said;
    std::string path = folder + "/restored.db";
    std::ofstream(path, std::ios::binary) << content;
    fs::permissions(path, fs::perms::owner_read | fs::perms::owner_write);
    return path;
  }
};

TEST_F(Backups, WhatIsRestoredIsWhatWasBackedUpAlsoWhileThingsChange) {
  for (int i = 0; i < 60; ++i)
    ASSERT_TRUE(add("gemini", kGemini, {}, "number-" + std::to_string(i)));
  int changes = 0;
  const ByteVector backup = whole(
      [&] { ASSERT_TRUE(add("gemini", kGemini, {}, "meanwhile-" + std::to_string(changes++))); });
  EXPECT_GT(changes, 0) << "the copy was not made in one step";
  BackupHead head;
  const std::string path = restored(backup, head);
  EXPECT_EQ(head.revision, store->revision());
  EXPECT_EQ(head.checkpoint, "checkpoint");
  const auto checked = check_restored(path, head, seals());
  EXPECT_TRUE(checked) << checked.error().message;
  EXPECT_FALSE(fs::exists(folder + "/backup.copy"));
}

TEST_F(Backups, OneAtATime) {
  auto first = begin();
  ASSERT_TRUE(first);
  EXPECT_CODE(begin(), Code::Conflict);
  first->reset();
  EXPECT_FALSE(fs::exists(folder + "/backup.copy"));
  EXPECT_TRUE(begin());
}

TEST_F(Backups, OnlyTheOperatorMakesOne) {
  Standing owner;
  owner.role = Role::Owner;
  owner.rights = rights_of(Role::Owner);
  const Actor actor = Actor::in_tenant("alice", owner);
  EXPECT_CODE(vault->begin_backup(actor, {folder + "/backup.copy", {}}), Code::Refused);
}

TEST_F(Backups, L3_no_bit_of_one_may_change) {
  const ByteVector backup = whole();
  ASSERT_TRUE(read(backup));
  for (std::size_t at = 0; at < backup.size(); at += at < 2000 ? 1 : 997) {
    ByteVector changed = backup;
    changed[at] ^= static_cast<std::uint8_t>(1U << (at % 8));
    EXPECT_FALSE(read(changed)) << at;
  }
  for (std::size_t size = 0; size < backup.size(); size += 991)
    EXPECT_FALSE(
        read(ByteVector(backup.begin(), backup.begin() + static_cast<std::ptrdiff_t>(size))));
}

}  // namespace
}  // namespace strongroom::vault
