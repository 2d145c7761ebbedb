// NetworkPlan: how a workroom that has a loopback and nothing else reaches what it was granted: the
// gateway's own address, the services' host names, databases and git hosts by their own names.
//
// Used by: app's runner. Threads: values. Each host has an address of its own, whose listeners ask
// the gateway for a tunnel to that very place; whether it looks into the tunnel is the gateway's to
// say. SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "catalog/places.h"
#include "workroom/runtime.h"

namespace strongroom::workroom {

struct NetworkPlan {
  std::string gateway_host;  ///< with kGatewayPort: base URLs and the proxy
  std::vector<Relay> relays;
  std::vector<HostName> hosts;
  /// Hosts that are addresses, and the address that leads there from inside.
  std::vector<std::pair<std::string, std::string>> moved;

  static constexpr std::uint16_t kGatewayPort = 8701;
  /// What `host` is called inside.
  [[nodiscard]] std::string inside(const std::string& host) const;
};

enum class Loopback : bool { Own, Shared };

/// Shared: other workrooms use the same loopback, so addresses are drawn at random.
[[nodiscard]] NetworkPlan plan_network(const std::vector<catalog::Place>& places,
                                       Loopback loopback);

}  // namespace strongroom::workroom
