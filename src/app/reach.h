// Where this server listens, and how it is reached there by others. Used by: serve. Threads: the
// vault's loop. SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "app/config.h"
#include "io/net.h"

namespace strongroom::app {

/// What it listens on; the descriptors stay open until the process ends.
struct Sockets {
  io::BoundSocket control;
  io::BoundSocket gateway;
  io::BoundSocket metrics;
  int unix_fd = -1;
  int relay_fd = -1;
};

/// By what the configuration says, and where it says nothing by the places that are listened on.
class Reach {
 public:
  /// Both outlive it.
  Reach(const Config& config, const Sockets& sockets) : config_(config), sockets_(sockets) {}

  /// How workrooms reach the gateway.
  [[nodiscard]] std::string gateway_url() const;
  /// By this machine's own name where nothing else is said: browsers bind no passkey to an address
  /// in figures, and whoever comes back from a provider has to come to where they signed in.
  [[nodiscard]] std::string console_url() const;
  /// How other machines may call the control API.
  [[nodiscard]] std::vector<std::string> names_from_afar() const;
  /// How this machine, and what the configuration says, calls the gateway: each once.
  [[nodiscard]] std::vector<std::string> names_of_gateway() const;

 private:
  const Config& config_;
  const Sockets& sockets_;
};

}  // namespace strongroom::app
