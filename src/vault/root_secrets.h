// Root secrets: values of the installation's own that must outlive any root key, each sealed under
// the root key of today: what authenticates the rows, signs the record of use, and makes the
// gateway's authority. A rotation of the root key seals them anew and changes none.
//
// Used by: seal.cpp, vault.cpp, root_rotation.cpp; app takes the two that the vault itself does not
// need. Threads: the vault's loop. Fails: Sealed where the root key is not this database's,
// Tampered where a value is. Format: docs/formats/keys-at-rest.md. SPDX-License-Identifier:
// Apache-2.0
#pragma once

#include <string_view>

#include "base/result.h"
#include "base/secret.h"
#include "store/store.h"

namespace strongroom::vault {

/// Of an empty database: makes them, and unlocks the rows. `seal` is the first one's row.
[[nodiscard]] Status make_root_secrets(store::Store& store, const Secret& root_key,
                                       const store::Seal& seal);
/// Proves that rows and root key belong together, and unlocks the rows. A database of the time when
/// these followed from the root key itself gets them as values of their own, the same ones.
[[nodiscard]] Status accept_root_key(store::Store& store, const Secret& root_key);

/// The Ed25519 key that signs the record's checkpoints (audit::Log::Options::signing_key).
[[nodiscard]] Result<Secret> record_signing_key(store::Store& store, const Secret& root_key);
/// The seed of the authority that signs the gateway's own certificate, which a gateway never sees.
[[nodiscard]] Result<Secret> gateway_authority_seed(store::Store& store, const Secret& root_key);

/// All of them from one root key to the next, in the running transaction.
[[nodiscard]] Status rewrap_root_secrets(store::Store& store, const Secret& from, const Secret& to);

/// Keys that follow from the root key, for one purpose each.
[[nodiscard]] Secret derive_from_root(const Secret& root_key, std::string_view purpose);

}  // namespace strongroom::vault
