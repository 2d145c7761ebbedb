// Seals: what protects the root key. A file (0600, refused if wider), a passphrase (Argon2id).
//
// Used by: app. Fails: Sealed, with a sentence that says what is missing or wrong.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/secret.h"
#include "store/store.h"

namespace strongroom::vault {

struct SealOptions {
  std::string kind =
      "file";  ///< "file" or "passphrase": for the first start; later what the database says counts
  std::string file_path;  ///< seal.key
  std::function<Result<Secret>()> ask_passphrase;
};

/// First start: makes a random root key and wraps it by the wanted seal, in the database. Later:
/// opens it. A root key that does not open the root check record is refused: "the root key in FILE
/// is not the one this database was made with". Unlocks the store's rows as well.
[[nodiscard]] Result<Secret> open_root_key(store::Store& store, const SealOptions& options);

/// What protects the root key of an opened database: "file", "passphrase".
[[nodiscard]] Result<std::string> kind_of_seal(store::Store& store);

/// Keys that follow from the root key, for one purpose each.
[[nodiscard]] Secret derive_from_root(const Secret& root_key, std::string_view purpose);
/// The Ed25519 key that signs the record's checkpoints (audit::Log::Options::signing_key).
[[nodiscard]] Secret record_signing_key(const Secret& root_key);

/// The seed of the authority that signs the gateway's own certificate, which a gateway never sees.
[[nodiscard]] Secret gateway_authority_seed(const Secret& root_key);

}  // namespace strongroom::vault
