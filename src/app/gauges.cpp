// SPDX-License-Identifier: Apache-2.0
#include "app/gauges.h"

namespace strongroom::app {

void offer_gauges(api::Metrics& metrics, Gauged parts) {
  metrics.gauge("strongroom_gateways", "Gateways with a live lease channel", [parts] {
    return static_cast<double>(parts.leases.holder_count(lease::HolderRole::Gateway));
  });
  metrics.gauge("strongroom_runners", "Runners with a live lease channel", [parts] {
    return static_cast<double>(parts.leases.holder_count(lease::HolderRole::Runner));
  });
  metrics.gauge("strongroom_leases", "Leases that may be in use",
                [parts] { return static_cast<double>(parts.leases.lease_count()); });
  metrics.counter("strongroom_uses_total", "Uses of keys recorded since the start",
                  [parts] { return static_cast<double>(parts.source.uses()); });
  metrics.gauge("strongroom_seals_failing",
                "Seals that should open by themselves and did not when last looked at",
                [parts] { return static_cast<double>(parts.vault.failing_seals()); });
  metrics.gauge("strongroom_record_writable", "1 while uses can be recorded, and are answered",
                [parts] { return parts.record.health() ? 1.0 : 0.0; });
}

}  // namespace strongroom::app
