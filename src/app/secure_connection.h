// SecureConnections: connections to a server over TLS, for commands, which read and write plain
// descriptors and wait. Each is a thread of its own with a loop, between that descriptor and the
// network; what passes through it is in this process alone.
//
// Used by: ControlClient. Threads: one caller. A connection lives until its descriptor is closed;
// destruction waits for that. SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "base/result.h"

namespace strongroom::app {

class SecureConnections {
 public:
  SecureConnections() = default;
  SecureConnections(SecureConnections&&) noexcept = default;
  SecureConnections& operator=(SecureConnections&&) = delete;
  ~SecureConnections();
  /// To "NAME:PORT", whose certificate must be of that name, by a public root or one of `ca_pem`.
  /// The descriptor is the caller's. Unavailable, Network.
  [[nodiscard]] Result<int> connect(const std::string& authority, const std::string& ca_pem);

 private:
  std::vector<std::thread> threads_;
};

}  // namespace strongroom::app
