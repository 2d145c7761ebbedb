// Seals: what protects the root key. One or more of a file (0600, refused if wider), a passphrase
// (Argon2id), shares; any one opens.
//
// Used by: app. Fails: Sealed, with a sentence that says what is missing or wrong.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

#include "base/result.h"
#include "base/secret.h"
#include "store/store.h"
#include "vault/sealing.h"

namespace strongroom::vault {

/// First start: makes a random root key and wraps it by the wanted seal, in the database. Later:
/// opens it by whichever seal opens by itself. A root key that does not open what authenticates the
/// rows is refused: "the root key in FILE is not the one this database was made with". Unlocks the
/// store's rows as well. Fails with the reason "sealed" where every seal waits for somebody.
[[nodiscard]] Result<Secret> open_root_key(store::Store& store, const SealOptions& options);

/// What openers are told of a sealed database: its seals, by kind, and their details.
[[nodiscard]] Result<std::string> seals_in_words(store::Store& store);

}  // namespace strongroom::vault
