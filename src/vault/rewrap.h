// Rewrap: a tenant's records sealed anew under a new tenant key and a new epoch, in small steps
// beside everything else that the loop does.
//
// Used by: api, and app for what a crash left unfinished. Threads: the vault's loop; between two
// steps it has its turn, so that leases are renewed. Who wants to know how far it is asks
// Vault::show_rewrap(). Format: docs/formats/keys-at-rest.md. SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

#include "io/loop.h"
#include "vault/vault.h"

namespace strongroom::vault {

/// How much of the vault's time a rewrap may take, in hundredths, where nobody says.
inline constexpr unsigned kRewrapShare = 50;

/// Begins the rewrap of a tenant, or goes on with one that was left unfinished, and answers at
/// once. Of one that runs already, only the share changes.
[[nodiscard]] Result<RewrapView> start_rewrap(io::Loop& loop, Vault& vault, const Actor& actor,
                                              std::string_view tenant, unsigned share);
/// At a start: goes on with all that a crash, or a stop, left unfinished.
void go_on_with_rewraps(io::Loop& loop, Vault& vault);
/// A new root key first, and at the end a receipt that says R4; of a removed tenant, by its id, at
/// once. `passphrase`: the next one, where a seal is by passphrase.
[[nodiscard]] Result<RewrapView> start_shred(io::Loop& loop, Vault& vault, const Actor& actor,
                                             std::string_view tenant, const Secret& passphrase,
                                             unsigned share);
/// Until it is done, or has failed: for who started it, and for tests.
[[nodiscard]] io::Task<void> run_rewrap(io::Loop& loop, Vault& vault, TenantId tenant);

}  // namespace strongroom::vault
