// SessionEnds: ends the sessions that nobody else ends: past their time, idle, or without a runner.
//
// Used by: serve. Threads: the vault's loop. A session's expiry is checked at each use as well:
// this comes after it. SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <vector>

#include "api/server.h"
#include "app/lease_source.h"
#include "base/clock.h"
#include "io/loop.h"
#include "io/task.h"
#include "lease/vault_side.h"
#include "vault/vault.h"

namespace strongroom::app {

class SessionEnds {
 public:
  /// All of it outlives it.
  struct Parts {
    io::Loop& loop;
    const Clock& clock;
    vault::Vault& vault;
    lease::VaultSide& leases;
    VaultLeaseSource& source;
  };
  explicit SessionEnds(Parts parts) : parts_(parts) {}

  /// Call every second.
  void tick();
  /// After a start: runners come back within moments; those that do not are lost.
  void end_lost();
  /// Of a session just started: it ends unless its runner comes.
  void expect_runner(SessionId session);
  /// What a dead runner's supervisor has to say. Whoever waits for this word has it first, and
  /// writes the receipt.
  io::Task<Result<vault::Receipt>> take_report(SessionId session, vault::EndReport report);

  [[nodiscard]] std::vector<api::SessionHolder> holders_of(SessionId session) const;

 private:
  io::Task<void> end_unless_attached(SessionId session, std::chrono::seconds within);

  static constexpr std::chrono::seconds kReturnTime{60};
  /// From the start of a session to its runner's channel: what takes time comes after that.
  static constexpr std::chrono::seconds kAttachTime{30};
  Parts parts_;
};

}  // namespace strongroom::app
