// GatewayCertificate: what the gateway's listener shows: the operator's own certificate, or one
// that is made here, by an authority which stays the same for the installation (gateway-ca.pem).
//
// Used by: serve. Threads: the vault's loop. Files are read here because a gateway opens none.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "app/config.h"
#include "base/result.h"
#include "base/secret.h"
#include "io/tls/tls.h"

namespace strongroom::app {

class GatewayCertificate {
 public:
  /// Reads the files that the configuration names, or makes one for `names`. Invalid, with a
  /// sentence that names the file, when it cannot be used.
  static Result<GatewayCertificate> open(const Config& config, const Secret& authority_seed,
                                         std::vector<std::string> names);

  [[nodiscard]] const io::Certificate& shown() const { return shown_; }
  /// PEM of whom clients must trust; empty when the operator's own certificate is shown.
  [[nodiscard]] const std::string& authority_pem() const { return authority_.chain_pem; }
  /// Looks at the files again, or makes a new one in time. True when it is another one now; an
  /// error when what is there now cannot be used: then the one before goes on being shown.
  [[nodiscard]] Result<bool> renew(WallTime now);

 private:
  Status read();
  Status make(WallTime now);
  std::string chain_file_;
  std::string key_file_;
  std::string mark_;  ///< of the files as they were read last
  std::vector<std::string> names_;
  io::Certificate authority_;
  io::Certificate shown_;
  WallTime made_{};
};

/// Where workrooms reach a gateway that listens there: its own address, or loopback where it
/// listens everywhere.
[[nodiscard]] std::string reachable_host(const std::string& listening_host);

}  // namespace strongroom::app
