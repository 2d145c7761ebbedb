// CredentialKeeper: has credentials of sessions made, and destroyed until that is confirmed.
//
// Used by: serve. Threads: the vault's loop. Each job is done by a strongroom-issuer of its own, a
// few at a time; what fails is tried again, ever more seldom, up to once a minute.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "dynamic/issuer_process.h"
#include "io/loop.h"
#include "lease/messages.h"
#include "vault/vault.h"

namespace strongroom::app {

class CredentialKeeper final : public vault::Issuing {
 public:
  struct Plan {
    std::string program;      ///< strongroom-issuer
    std::string trusted_pem;  ///< authorities beside the system's
    std::vector<lease::Dial> dials;
  };
  CredentialKeeper(io::Loop& loop, vault::Vault& vault, Plan plan)
      : loop_(loop), vault_(vault), plan_(std::move(plan)) {}

  /// All that a session just started needs; the first that fails says why. Goes on by itself when
  /// nobody waits any more.
  [[nodiscard]] io::Task<Status> make(SessionId session);
  void begin() override { look(true); }
  [[nodiscard]] io::Task<void> settle(std::vector<DynamicId> credentials) override;
  /// Call every second.
  void tick() { look(false); }

 private:
  struct Pending;
  struct Making;
  void look(bool at_once);
  io::Task<void> make_all(std::vector<DynamicId> credentials, std::shared_ptr<Making> making);
  io::Task<void> destroy(DynamicId id, std::shared_ptr<Pending> pending);
  /// Has it done, and notes what came of it.
  io::Task<Status> work(DynamicId id, dynamic::Action action);
  Result<dynamic::IssuerProcess> begin(DynamicId id, dynamic::Action action);
  Status note(DynamicId id, dynamic::Action action, const dynamic::Outcome& outcome);

  io::Loop& loop_;
  vault::Vault& vault_;
  Plan plan_;
  std::unordered_map<DynamicId, std::shared_ptr<Pending>> pending_;
  int at_work_ = 0;
};

}  // namespace strongroom::app
