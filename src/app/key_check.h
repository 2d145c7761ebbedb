// Asking a provider whether it accepts a key: by a gateway, under a lease as any use is.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "api/server.h"
#include "audit/log.h"
#include "io/task.h"
#include "lease/vault_side.h"
#include "vault/vault.h"

namespace strongroom::app {

/// What it says is noted, where it says anything.
[[nodiscard]] io::Task<Result<api::CheckAnswer>> check_key(vault::Vault& vault,
                                                           const audit::Log& record,
                                                           lease::VaultSide& leases,
                                                           vault::Actor actor, KeyId key);
/// The same on the installation's own behalf; what is wrong is logged.
[[nodiscard]] io::Task<void> check_by_itself(vault::Vault& vault, const audit::Log& record,
                                             lease::VaultSide& leases, KeyId key);

}  // namespace strongroom::app
