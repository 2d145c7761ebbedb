// SPDX-License-Identifier: Apache-2.0
#include "vault/seal.h"

#include <algorithm>
#include <optional>

#include "base/encoding.h"
#include "crypto/crypto.h"
#include "crypto/record.h"
#include "vault/seal_file.h"

namespace strongroom::vault {
namespace {

constexpr std::size_t kRootKeySize = 32;
constexpr std::string_view kRootCheck = "root_check";

ByteVector root_check_context() {
  ByteVector context;
  Writer(context).text("root check");
  return context;
}

/// The first seal of a database.
Result<Sealing> first_sealing(const SealOptions& options) {
  if (options.kind == kFileSeal) {
    // Its path is where the data directory is, which may move: the row names none.
    Sealing sealing;
    sealing.row.id = crypto::random_id<SealId>();
    sealing.row.kind = kFileSeal;
    sealing.row.parameters = "{}";
    STRONGROOM_TRY(sealing.key, read_seal_file(options.file_path, WhenMissing::Make));
    return sealing;
  }
  NewSeal wanted;
  wanted.kind = options.kind;
  if (wanted.kind != kPassphraseSeal)
    return fail(Code::Invalid, "the first seal is one of file, passphrase", "seal_unknown");
  if (!options.ask_passphrase)
    return fail(Code::Sealed, "The passphrase of the seal was not given.", "passphrase_missing");
  STRONGROOM_TRY(wanted.passphrase, options.ask_passphrase());
  return make_sealing(std::move(wanted));
}

Result<Secret> open_by(const store::Seal& seal, const SealOptions& options) {
  STRONGROOM_TRY(const Secret key, sealing_key(seal, options));
  return unseal(seal, key, wrong_key(seal, options));
}

Result<Secret> make_root(store::Store& store, const SealOptions& options) {
  STRONGROOM_TRY(Sealing sealing, first_sealing(options));
  Secret root = crypto::random_secret(kRootKeySize);
  seal_root(sealing, root);
  store.unlock(derive_from_root(root, "rows"));
  if (!store.verify_all())
    return fail(Code::Sealed,
                "The database holds data, but no seal that could open it: it was changed outside "
                "Strongroom.",
                "seal_missing");
  store::Installation check;
  check.name = kRootCheck;
  check.value = crypto::seal_record(derive_from_root(root, "root check"), root_check_context(),
                                    crypto::random_secret(kRootKeySize));
  STRONGROOM_CHECKED(store.transact([&]() -> Status {
    STRONGROOM_CHECKED(store.insert(sealing.row));
    return store.insert(check);
  }));
  return root;
}

}  // namespace

/// Where one seal was tried and is wrong, that is the answer; where all wait, what they wait for.
Result<Secret> open_root_key(store::Store& store, const SealOptions& options) {
  STRONGROOM_TRY(auto seals, store.list<store::Seal>());
  if (seals.empty()) return make_root(store, options);
  // Nobody is asked for a passphrase where a file opens as well.
  std::ranges::sort(seals, {}, [](const store::Seal& seal) { return seal.kind != kFileSeal; });
  std::optional<Error> wrong;
  std::string waiting;
  for (const auto& seal : seals) {
    auto root = open_by(seal, options);
    if (root) {
      STRONGROOM_CHECKED(accept_root_key(store, *root));
      return root;
    }
    if (is_waiting(root.error()))
      waiting += (waiting.empty() ? "" : " ") + root.error().message;
    else
      wrong = std::move(root).error();
  }
  if (wrong) return std::unexpected(std::move(*wrong));
  return fail(Code::Sealed, std::move(waiting), std::string(kSealedReason));
}

Status accept_root_key(store::Store& store, const Secret& root_key) {
  store.unlock(derive_from_root(root_key, "rows"));
  const auto row = store.find<store::Installation>({{"name", std::string(kRootCheck)}});
  const Secret key = derive_from_root(root_key, "root check");
  const bool is_right =
      row && *row && crypto::open_record(key, root_check_context(), (*row)->value);
  if (is_right) return {};
  return fail(Code::Sealed,
              "The root key that the seal holds is not the one this database was made with.",
              "root_key_wrong");
}

Result<std::string> seals_in_words(store::Store& store) {
  STRONGROOM_TRY(const auto seals, store.list<store::Seal>());
  std::string words;
  for (const auto& seal : seals) {
    const std::string detail = detail_of(seal);
    words += (words.empty() ? "" : ", ") + seal.kind + (detail.empty() ? "" : " (" + detail + ")");
  }
  return words;
}

Secret derive_from_root(const Secret& root_key, std::string_view purpose) {
  ByteVector info;
  Writer writer(info);
  writer.text("strongroom root v1");
  writer.text(purpose);
  return crypto::hkdf_sha256(root_key, {}, info, 32);
}

Secret record_signing_key(const Secret& root_key) {
  return derive_from_root(root_key, "record of use");
}

Secret gateway_authority_seed(const Secret& root_key) {
  return derive_from_root(root_key, "gateway authority");
}

}  // namespace strongroom::vault
