// SinkWatch: what a required sink that takes nothing means for the rest of the vault.
//
// Used by: serve. Threads: the vault's loop. SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "api/metrics.h"
#include "audit/log.h"
#include "io/loop.h"
#include "lease/vault_side.h"
#include "sinks/sinks.h"

namespace strongroom::app {

class SinkWatch {
 public:
  /// All of them outlive it.
  struct Parts {
    io::Loop& loop;
    const Clock& clock;
    audit::Log& record;
    lease::VaultSide& leases;
    api::Metrics& metrics;
    std::string directory;  ///< of the cursors
  };
  static Result<std::unique_ptr<SinkWatch>> start(
      Parts parts, const std::vector<sinks::Settings>& sinks,
      const std::vector<sinks::WitnessSettings>& witnesses);
  [[nodiscard]] std::vector<sinks::View> views() const;
  /// At the end: gives what waits to those sinks that take it, for a short time.
  [[nodiscard]] io::Task<void> drain();

 private:
  explicit SinkWatch(Parts parts) : parts_(std::move(parts)) {}
  void hold(const std::optional<Error>& why);
  void offer_metrics();

  Parts parts_;
  std::unique_ptr<sinks::Sinks> sinks_;
};

}  // namespace strongroom::app
