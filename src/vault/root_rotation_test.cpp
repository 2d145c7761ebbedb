// SPDX-License-Identifier: Apache-2.0
#include <sys/resource.h>
#include <sys/stat.h>

#include <csignal>
#include <fstream>

#include "base/encoding.h"
#include "crypto/record.h"
#include "vault/fixture_for_test.h"
#include "vault/rewrap.h"
#include "vault/seal_file.h"
#include "vault/unsealing.h"

namespace strongroom::vault {
namespace {

namespace fs = std::filesystem;
constexpr std::string_view kGemini = "AIzaSyTest-0123456789-abcdefghijklmn";

class RootRotation : public VaultFixture {
 protected:
  RootRotation() {
    make_acme();
    key = add("gemini", kGemini)->id;
  }
  std::string seal_path() { return folder + "/seal.key"; }
  std::string next_path() { return seal_path() + ".next"; }
  static std::string content(const std::string& path) {
    std::ifstream file(path);
    return {std::istreambuf_iterator<char>(file), {}};
  }
  std::string opened() {
    const auto found = vault->open_for_check(kOperator, key);
    return found ? reveal(found->value) : found.error().message;
  }
  void add_seal(std::string_view kind, std::string_view passphrase = {}) {
    NewSeal wanted;
    wanted.kind = kind;
    wanted.passphrase = secret(passphrase);
    wanted.shares = 3;
    wanted.threshold = 2;
    ASSERT_TRUE(vault->add_seal(kOperator, *make_sealing(std::move(wanted))));
  }
  KeyId key;
};

TEST_F(RootRotation, EverythingOpensUnderTheNewRootKeyAndIdentitiesStay) {
  const auto seal_before = content(seal_path());
  const auto signer = vault->receipt_public_key();
  const auto link = vault->link_key();
  const auto installation = vault->installation_id();
  const auto done = vault->rotate_root(kOperator, Secret());
  ASSERT_TRUE(done) << done.error().message;
  EXPECT_TRUE(done->is_overwritten && done->is_forgotten);
  EXPECT_EQ(opened(), kGemini);
  EXPECT_NE(content(seal_path()), seal_before);
  EXPECT_FALSE(fs::exists(next_path()));
  reopen();
  EXPECT_EQ(opened(), kGemini);
  EXPECT_EQ(vault->receipt_public_key(), signer);
  EXPECT_TRUE(vault->link_key().equals(link));
  EXPECT_EQ(vault->installation_id(), installation);
  EXPECT_TRUE(vault->add_tenant(kOperator, "later"));
  ASSERT_TRUE(vault->rotate_root(kOperator, Secret())) << "and again";
  reopen();
  EXPECT_EQ(opened(), kGemini);
}

/// Before the change of the database: the file of today opens, and the other one goes.
TEST_F(RootRotation, L5_killed_before_the_database_has_changed) {
  const auto before = content(seal_path());
  close();
  ASSERT_TRUE(next_seal_file(seal_path()));
  open();
  EXPECT_EQ(opened(), kGemini);
  EXPECT_EQ(content(seal_path()), before);
  EXPECT_FALSE(fs::exists(next_path()));
}

/// After it, with the files as they were: the one that follows opens, and takes its place. So it is
/// where the old one is written over already, and where it is gone.
TEST_F(RootRotation, L5_killed_after_the_database_has_changed) {
  for (const std::string_view old : {"whole", "zeros", "gone"}) {
    const auto before = content(seal_path());
    ASSERT_TRUE(vault->rotate_root(kOperator, Secret()));
    const auto after = content(seal_path());
    close();
    fs::rename(seal_path(), next_path());
    const std::string left = old == "zeros" ? std::string(before.size(), '\0') : before;
    if (old != "gone") std::ofstream(seal_path()) << left;
    if (old != "gone") ::chmod(seal_path().c_str(), 0600);
    open();
    EXPECT_EQ(opened(), kGemini) << old;
    EXPECT_EQ(content(seal_path()), after) << old;
    EXPECT_FALSE(fs::exists(next_path())) << old;
  }
}

TEST_F(RootRotation, WhatCannotBeRenewedIsSaidBeforeAnythingChanges) {
  const auto before = content(seal_path());
  ExternalKey outside{"pkcs11", "hsm", {1, 2, 3}, crypto::random_secret(32)};
  const auto added = vault->add_seal(kOperator, make_sealing(std::move(outside)));
  ASSERT_TRUE(added);
  const auto refused = vault->rotate_root(kOperator, Secret());
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().reason, "seal_not_prepared");
  EXPECT_EQ(content(seal_path()), before);
  EXPECT_FALSE(fs::exists(next_path()));
  ASSERT_TRUE(vault->remove_seal(kOperator, added->id));
  add_seal("passphrase", "correct horse battery");
  EXPECT_EQ(vault->rotate_root(kOperator, Secret()).error().reason, "passphrase_missing");
  EXPECT_EQ(vault->rotate_root(kOperator, secret("correct horse battery")).error().reason,
            "passphrase_same");
  EXPECT_EQ(content(seal_path()), before);
  ASSERT_TRUE(vault->rotate_root(kOperator, secret("another horse battery")));
  close();
  auto again = store::open_sqlite(folder + "/strongroom.db");
  ASSERT_TRUE(again);
  Unsealing unsealing(**again, {});
  EXPECT_FALSE(unsealing.by_passphrase(secret("correct horse battery")));
  EXPECT_TRUE(unsealing.by_passphrase(secret("another horse battery")));
}

/// What a share of each of its seals and its passphrases open afterwards.
TEST_F(RootRotation, SeveralPassphrasesSharesAndWhatIsOutsideAreAllRenewed) {
  add_seal("passphrase", "correct horse battery");
  add_seal("passphrase", "correct horse staple");
  add_seal("shares");
  ExternalKey outside{"pkcs11", "hsm", {1, 2, 3}, crypto::random_secret(32)};
  const auto hsm = vault->add_seal(kOperator, make_sealing(std::move(outside)));
  ASSERT_TRUE(hsm);
  EXPECT_EQ(vault->rotate_root(kOperator, secret("one for both, of no use")).error().reason,
            "seal_not_prepared");
  int count = 0;
  for (const auto& seal : *vault->list_seals(kOperator)) {
    if (seal.kind != kPassphraseSeal) continue;
    const auto next = "another battery " + std::to_string(++count);
    ASSERT_TRUE(vault->prepare_passphrase(kOperator, seal.id, secret(next)));
    EXPECT_CODE(vault->prepare_passphrase(kOperator, hsm->id, secret(next)), Code::Invalid);
  }
  const Secret key = crypto::random_secret(32);
  const auto prepare = [&] {
    return vault->prepare_renewal(
        kOperator, hsm->id, make_sealing(ExternalKey{"pkcs11", "hsm", {4, 5}, key.duplicate()}));
  };
  ASSERT_TRUE(prepare());
  clock.advance(kRenewalGoodFor + std::chrono::seconds(1));
  EXPECT_EQ(vault->rotate_root(kOperator, Secret()).error().reason, "seal_not_prepared");
  count = 0;
  for (const auto& seal : *vault->list_seals(kOperator))
    if (seal.kind == kPassphraseSeal)
      ASSERT_TRUE(vault->prepare_passphrase(kOperator, seal.id,
                                            secret("another battery " + std::to_string(++count))));
  ASSERT_TRUE(prepare());
  const auto done = vault->rotate_root(kOperator, Secret());
  ASSERT_TRUE(done) << done.error().message;
  EXPECT_EQ(done->seals.size(), 5U);
  const auto fresh = vault->take_new_shares();
  ASSERT_EQ(fresh.size(), 1U);
  EXPECT_TRUE(vault->take_new_shares().empty());
  close();
  auto again = store::open_sqlite(folder + "/strongroom.db");
  ASSERT_TRUE(again);
  Unsealing unsealing(**again, {});
  EXPECT_FALSE(unsealing.by_passphrase(secret("correct horse staple")));
  EXPECT_TRUE(unsealing.by_passphrase(secret("another battery 1")));
  EXPECT_TRUE(unsealing.by_passphrase(secret("another battery 2")));
  const auto outside_ones = unsealing.external();
  ASSERT_EQ(outside_ones->size(), 1U);
  EXPECT_EQ(external_place(outside_ones->front())->wrapped, (ByteVector{4, 5}));
  EXPECT_TRUE(unsealing.by_external(outside_ones->front(), key));
  Result<std::optional<Secret>> by_shares = std::nullopt;
  for (const auto& share : fresh.front().shares) {
    by_shares = unsealing.by_share(share);
    ASSERT_TRUE(by_shares) << by_shares.error().message;
    if (*by_shares) break;
  }
  EXPECT_TRUE(*by_shares);
}

TEST_F(RootRotation, ADiskThatFailsLeavesTheOldRootKey) {
  // A row that does not open, in the middle of the change.
  auto own = store->find<store::Installation>({{"name", std::string("link_key")}}).value();
  own->value.back() ^= 1U;
  ASSERT_TRUE(store->transact([&] { return store->update(*own); }));
  EXPECT_CODE(vault->rotate_root(kOperator, Secret()), Code::Tampered);
  EXPECT_EQ(opened(), kGemini);
  own->value.back() ^= 1U;
  ASSERT_TRUE(store->transact([&] { return store->update(*own); }));
  ASSERT_TRUE(vault->rotate_root(kOperator, Secret())) << "with the file that waited";
  reopen();
  EXPECT_EQ(opened(), kGemini);
}

/// Two starts from one copy of the database: the same change of both has nothing in common.
TEST_F(RootRotation, L4_an_older_copy_that_goes_on_repeats_no_nonce) {
  close();
  fs::copy_file(folder + "/strongroom.db", folder + "/copy.db");
  std::array<ByteVector, 2> records;
  for (auto& record : records) {
    open();
    ASSERT_TRUE(vault->rotate_key(kOperator, key, secret(kGemini)));
    for (const auto& version : *store->list<store::KeyVersion>())
      if (!version.record.empty()) record = version.record;
    close();
    fs::copy_file(folder + "/copy.db", folder + "/strongroom.db",
                  fs::copy_options::overwrite_existing);
  }
  const auto part = [&](int i, std::ptrdiff_t from, std::ptrdiff_t size) {
    const auto& record = records.at(static_cast<std::size_t>(i));
    return ByteVector(record.begin() + from, record.begin() + from + size);
  };
  ASSERT_EQ(records[0].size(), records[1].size());
  EXPECT_NE(part(0, 2, 32), part(1, 2, 32)) << "salt, and so the key";
  EXPECT_NE(part(0, 66, 12), part(1, 66, 12)) << "nonce";
  open();
}

TEST_F(RootRotation, ADiskThatTakesNothingLeavesTheOldRootKey) {
  const auto before = content(seal_path());
  rlimit limit{};
  std::signal(SIGXFSZ, SIG_IGN);
  ::getrlimit(RLIMIT_FSIZE, &limit);
  for (const rlim_t room : {rlim_t{0}, rlim_t{200}}) {
    // None for the next file; for that one, but not for the database.
    const rlimit small{room, limit.rlim_max};
    ::setrlimit(RLIMIT_FSIZE, &small);
    EXPECT_FALSE(vault->rotate_root(kOperator, Secret()));
    ::setrlimit(RLIMIT_FSIZE, &limit);
    EXPECT_EQ(content(seal_path()), before);
    EXPECT_EQ(opened(), kGemini);
  }
  reopen();
  EXPECT_EQ(opened(), kGemini);
  EXPECT_EQ(content(seal_path()), before);
  ASSERT_TRUE(vault->rotate_root(kOperator, Secret()));
  reopen();
  EXPECT_EQ(opened(), kGemini);
}

/// As every database was, until the root key could be rotated.
TEST_F(RootRotation, ADatabaseFromBeforeKeepsItsIdentities) {
  const std::string path = folder + "/old.db";
  SealOptions options;
  options.file_path = folder + "/old.key";
  NewSeal wanted;
  wanted.kind = kFileSeal;
  wanted.path = options.file_path;
  auto sealing = make_sealing(std::move(wanted));
  ASSERT_TRUE(sealing);
  const Secret root = crypto::random_secret(32);
  seal_root(*sealing, root);
  ByteVector context;
  Writer(context).text("root check");
  {
    auto old = store::open_sqlite(path);
    ASSERT_TRUE(old);
    (*old)->unlock(derive_from_root(root, "rows"));
    ASSERT_TRUE((*old)->verify_all());
    ASSERT_TRUE((*old)->transact([&]() -> Status {
      STRONGROOM_CHECKED((*old)->insert(sealing->row));
      return (*old)->insert(store::Installation{
          "root_check", crypto::seal_record(derive_from_root(root, "root check"), context,
                                            crypto::random_secret(32))});
    }));
  }
  for (int start = 0; start < 2; ++start) {
    auto old = store::open_sqlite(path);
    ASSERT_TRUE(old);
    ASSERT_TRUE(open_root_key(**old, options));
    ASSERT_TRUE((*old)->verify_all());
    EXPECT_TRUE(record_signing_key(**old, root)->equals(derive_from_root(root, "record of use")));
    EXPECT_TRUE(
        gateway_authority_seed(**old, root)->equals(derive_from_root(root, "gateway authority")));
    EXPECT_EQ((*old)->list<store::Installation>()->size(), 0U);
  }
}

// ------------------------------------------------------------------------------------------------
// shred

class Shred : public RootRotation {
 protected:
  /// The receipt's claim, once all is done.
  json::object shredded(std::string_view tenant) {
    const auto begun = vault->begin_shred(kOperator, tenant, Secret(), 100);
    EXPECT_TRUE(begun) << begun.error().message;
    while (vault->show_rewrap(kOperator, tenant)->state == kRewrapRunning)
      EXPECT_TRUE(vault->step_rewrap(begun->tenant));
    const auto id = ReceiptId::parse(vault->show_rewrap(kOperator, tenant)->receipt);
    EXPECT_TRUE(id);
    const auto body =
        verify_receipt(*vault->show_receipt(kOperator, *id), vault->receipt_public_key());
    EXPECT_TRUE(body);
    EXPECT_EQ(body->at("reason"), "shredded");
    return body->at("r4").as_object();
  }
};

TEST_F(Shred, ItEndsWithAReceiptAndWhatIsAliveStays) {
  const auto gone = add("gemini", std::string(kGemini) + "-gone", "", "gone");
  ASSERT_TRUE(run(vault->revoke_key(kOperator, gone->id)));
  EXPECT_EQ(shredded("acme").at("holds"), true);
  EXPECT_EQ(opened(), kGemini);
  reopen();
  EXPECT_EQ(opened(), kGemini);
  const auto acts = actions();
  EXPECT_EQ(std::ranges::count(acts, "root.rotate done"), 1);
  EXPECT_EQ(std::ranges::count(acts, "tenant.shred done"), 1);
}

/// What runs already was begun before: a shred begins anew.
TEST_F(Shred, ARewrapThatRunsIsBegunAnew) {
  const auto begun = vault->begin_rewrap(kOperator, "acme", 100);
  ASSERT_TRUE(begun);
  ASSERT_TRUE(vault->step_rewrap(begun->tenant));
  EXPECT_EQ(shredded("acme").at("holds"), true);
  EXPECT_EQ(vault->show_rewrap(kOperator, "acme")->epoch, 3);
  int living = 0;
  for (const auto& epoch : *store->list<store::Epoch>()) living += !epoch.wrapped_seed.empty();
  EXPECT_EQ(living, 1);
  EXPECT_EQ(opened(), kGemini);
}

TEST_F(Shred, ARemovedTenantHasItsReceiptAtOnce) {
  const auto tenant = vault->list_tenants(kOperator)->front().id;
  ASSERT_TRUE(run(vault->remove_tenant(kOperator, "acme")));
  EXPECT_CODE(vault->begin_shred(kOperator, "acme", Secret(), 100), Code::NotFound);
  EXPECT_EQ(shredded(tenant.text()).at("holds"), true);
}

TEST_F(Shred, WhereTheOldSealFileCannotBeWrittenOverItIsNotClaimed) {
  const auto begun = vault->begin_shred(kOperator, "acme", Secret(), 100);
  ASSERT_TRUE(begun);
  while (vault->show_rewrap(kOperator, "acme")->state == kRewrapRunning)
    ASSERT_TRUE(vault->step_rewrap(begun->tenant));
  // A folder where the file was: it cannot be written over, nor replaced.
  fs::remove(seal_path());
  fs::create_directory(seal_path());
  const auto claim = shredded("acme");
  EXPECT_EQ(claim.at("holds"), false);
  EXPECT_NE(claim.at("why").as_string().find("written over"), std::string::npos);
  EXPECT_CODE(vault->begin_shred(kOperator, "acme", Secret(), 100), Code::Sealed);
  fs::remove(seal_path());
  const auto waiting = content(next_path());
  reopen();  // by the file that waits beside it
  EXPECT_EQ(content(seal_path()), waiting);
  EXPECT_EQ(opened(), kGemini);
  EXPECT_EQ(shredded("acme").at("holds"), true);
  EXPECT_NE(content(seal_path()), waiting);
}

}  // namespace
}  // namespace strongroom::vault
