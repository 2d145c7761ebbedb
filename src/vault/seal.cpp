// SPDX-License-Identifier: Apache-2.0
#include "vault/seal.h"

#include <algorithm>
#include <optional>

#include "crypto/crypto.h"
#include "vault/root_secrets.h"
#include "vault/seal_file.h"

namespace strongroom::vault {
namespace {

constexpr std::size_t kRootKeySize = 32;

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
  if (options.kind != kPassphraseSeal) {
    if (!options.make_external)
      return fail(Code::Invalid, "the first seal is one of file, passphrase", "seal_unknown");
    STRONGROOM_TRY(ExternalKey made, options.make_external(options.kind));
    return make_sealing(std::move(made));
  }
  NewSeal wanted;
  wanted.kind = options.kind;
  if (!options.ask_passphrase)
    return fail(Code::Sealed, "The passphrase of the seal was not given.", "passphrase_missing");
  STRONGROOM_TRY(wanted.passphrase, options.ask_passphrase());
  return make_sealing(std::move(wanted));
}

Result<Secret> open_by_its_means(const store::Seal& seal, const SealOptions& options) {
  STRONGROOM_TRY(const Secret key, sealing_key(seal, options));
  return unseal(seal, key, wrong_key(seal, options));
}

/// Of a file whose key was to change when the process ended: the database says which one it is.
Result<Secret> open_by(const store::Seal& seal, const SealOptions& options) {
  auto root = open_by_its_means(seal, options);
  if (seal.kind != kFileSeal) return root;
  const std::string path = seal_file_path(seal, options.file_path);
  const auto next = found_next_seal_file(path);
  if (root) drop_next_seal_file(path);
  if (root || !next) return root;
  auto by_next = unseal(seal, *next, wrong_key(seal, options));
  if (!by_next) return root;
  // Where this fails it is tried at the next start: the file beside it opens until then.
  (void)adopt_next_seal_file(path);
  return by_next;
}

Result<Secret> make_root(store::Store& store, const SealOptions& options) {
  STRONGROOM_TRY(Sealing sealing, first_sealing(options));
  Secret root = crypto::random_secret(kRootKeySize);
  seal_root(sealing, root);
  STRONGROOM_CHECKED(make_root_secrets(store, root, sealing.row));
  return root;
}

}  // namespace

/// Where one seal was tried and is wrong, that is the answer; where all wait, what they wait for.
Result<Secret> open_root_key(store::Store& store, const SealOptions& options) {
  STRONGROOM_TRY(auto rows, store.list<store::Seal>());
  if (rows.empty()) return make_root(store, options);
  // Nobody is asked for a passphrase where a file, or what is held outside, opens as well.
  const auto seals = in_order_of_opening(std::move(rows));
  if (options.expect) options.expect(seals);
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

Result<std::string> seals_in_words(store::Store& store) {
  STRONGROOM_TRY(const auto seals, store.list<store::Seal>());
  std::string words;
  for (const auto& seal : seals) {
    const std::string detail = detail_of(seal);
    words += (words.empty() ? "" : ", ") + seal.kind + (detail.empty() ? "" : " (" + detail + ")");
  }
  return words;
}

}  // namespace strongroom::vault
