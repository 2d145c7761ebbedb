// SPDX-License-Identifier: Apache-2.0
#include <sys/stat.h>

#include <algorithm>
#include <fstream>

#include "vault/fixture_for_test.h"
#include "vault/sealing.h"

namespace strongroom::vault {
namespace {

class Seals : public VaultFixture {
 protected:
  std::string seal_path() { return folder + "/seal.key"; }
  void expect_refused(std::string_view part) {
    close();
    const auto status = try_open();
    ASSERT_FALSE(status);
    EXPECT_EQ(status.error().code, Code::Sealed);
    EXPECT_NE(status.error().message.find(part), std::string::npos) << status.error().message;
  }
};

TEST_F(Seals, TheFileIsForItsOwnerOnly) {
  struct stat info{};
  ASSERT_EQ(::stat(seal_path().c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777U, 0600U);
  ASSERT_EQ(::chmod(seal_path().c_str(), 0640), 0);
  expect_refused("chmod 600");
}

TEST_F(Seals, AMissingFileIsNotReplaced) {
  std::filesystem::remove(seal_path());
  expect_refused("is missing");
  EXPECT_FALSE(std::filesystem::exists(seal_path()));
}

TEST_F(Seals, AnotherRootKeyIsRefusedWithASentence) {
  close();
  std::filesystem::remove(seal_path());
  std::ofstream(seal_path()) << "strongroom-seal-1 " << std::string(64, 'a') << "\n";
  ASSERT_EQ(::chmod(seal_path().c_str(), 0600), 0);
  expect_refused("is not the one this database was made with");
}

TEST_F(Seals, ADamagedFileIsRefused) {
  close();
  std::ofstream(seal_path(), std::ios::trunc) << "something else";
  expect_refused("is not a seal file");
}

TEST_F(Seals, ADatabaseWithoutItsSealDoesNotGetANewOne) {
  ASSERT_TRUE(vault->add_tenant(kOperator, "acme"));
  ASSERT_TRUE(store->transact([&]() -> Status {
    STRONGROOM_TRY([[maybe_unused]] const int gone, store->erase<store::Seal>({}));
    return {};
  }));
  expect_refused("no seal that could open it");
}

TEST_F(Seals, OneThatIsRemovedWhileItIsAskedIsNotToldAsFailingFromThenOn) {
  ExternalKey outside{"pkcs11", "hsm", {1, 2, 3}, crypto::random_secret(32)};
  const auto added = vault->add_seal(kOperator, make_sealing(std::move(outside)));
  ASSERT_TRUE(added);
  const auto seals = vault->seals_to_look_at();
  const auto asked = std::ranges::find(*seals, added->id, &store::Seal::id);
  ASSERT_NE(asked, seals->end());
  const auto no_answer = [] { return fail(Code::Sealed, "it does not answer"); };
  vault->note_seal(*asked, no_answer());
  EXPECT_EQ(vault->failing_seals(), 1U);
  ASSERT_TRUE(vault->remove_seal(kOperator, added->id));
  vault->note_seal(*asked, no_answer());
  EXPECT_EQ(vault->failing_seals(), 0U);
}

TEST_F(Seals, APassphraseSealsAsWell) {
  const auto path = folder + "/second.db";
  SealOptions options;
  options.kind = "passphrase";
  std::string given = "correct horse battery";
  options.ask_passphrase = [&]() -> Result<Secret> { return secret(given); };
  auto first = store::open_sqlite(path);
  ASSERT_TRUE(first);
  const auto root = open_root_key(**first, options);
  ASSERT_TRUE(root) << root.error().message;
  first->reset();
  const auto reopen_with = [&](const std::string& passphrase) {
    given = passphrase;
    auto again = store::open_sqlite(path);
    EXPECT_TRUE(again);
    return open_root_key(**again, options);
  };
  EXPECT_TRUE(reopen_with("correct horse battery")->equals(*root));
  const auto wrong = reopen_with("incorrect horse battery");
  ASSERT_FALSE(wrong);
  EXPECT_EQ(wrong.error().code, Code::Sealed);
  EXPECT_NE(wrong.error().message.find("passphrase is not the one"), std::string::npos);
  EXPECT_CODE(reopen_with("short"), Code::Sealed);
  options.ask_passphrase = nullptr;
  EXPECT_CODE(reopen_with("correct horse battery"), Code::Sealed);
}

}  // namespace
}  // namespace strongroom::vault
