// What tells others where this server is: a file for commands on this machine, and lines for who
// has started it. SPDX-License-Identifier: Apache-2.0
#pragma once

#include "app/config.h"
#include "app/gateway_keeper.h"
#include "app/reach.h"
#include "vault/vault.h"

namespace strongroom::app {

/// endpoints.json in the data directory. No gateways: it waits for its root key.
[[nodiscard]] Status write_endpoints(const Config& config, const Sockets& sockets,
                                     const GatewayKeeper* gateways);
/// On standard output; "ready" is the last line. With the first owner's link, while there is none.
void announce(const Config& config, const Sockets& sockets, vault::Vault& vault);

}  // namespace strongroom::app
