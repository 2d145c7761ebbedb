// What the metrics tell of the server as it is now. SPDX-License-Identifier: Apache-2.0
#pragma once

#include "api/metrics.h"
#include "app/lease_source.h"
#include "audit/log.h"
#include "lease/vault_side.h"
#include "vault/vault.h"

namespace strongroom::app {

/// Whom they ask; all of it outlives them.
struct Gauged {
  const vault::Vault& vault;
  const audit::Log& record;
  const lease::VaultSide& leases;
  const VaultLeaseSource& source;
};
void offer_gauges(api::Metrics& metrics, Gauged parts);

}  // namespace strongroom::app
