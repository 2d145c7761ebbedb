// FencesWithSockets: the vault's fences, by which a session's own socket is closed too.
//
// Used by: serve. Threads: the vault's loop. SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "app/session_sockets.h"
#include "lease/vault_side.h"
#include "vault/fences.h"

namespace strongroom::app {

/// A session's own socket goes when the session is fenced.
class FencesWithSockets final : public vault::HolderFences {
 public:
  FencesWithSockets(lease::VaultSide& leases, SessionSockets& sockets)
      : leases_(leases), sockets_(sockets) {}
  io::Task<std::vector<vault::HolderOutcome>> fence(vault::FenceKind kind, IdBytes id,
                                                    std::string reason,
                                                    std::chrono::milliseconds grace) override {
    close(kind, id);
    return leases_.fence(kind, id, std::move(reason), grace);
  }
  io::Task<std::vector<std::vector<vault::HolderOutcome>>> fence_each(
      std::vector<vault::FenceTarget> targets, std::string reason,
      std::chrono::milliseconds grace) override {
    for (const auto& target : targets) close(target.kind, target.id);
    return leases_.fence_each(std::move(targets), std::move(reason), grace);
  }
  [[nodiscard]] bool has_runner(SessionId session) const override {
    return leases_.has_runner(session);
  }
  void refresh(KeyId key) override { leases_.refresh(key); }
  void announce_refresh(KeyId key) override { leases_.announce_refresh(key); }
  io::Task<void> refresh_all(std::vector<KeyId> keys) override {
    return leases_.refresh_all(std::move(keys));
  }

 private:
  void close(vault::FenceKind kind, const IdBytes& id) {
    if (kind == vault::FenceKind::Session) sockets_.close(SessionId(id));
  }
  lease::VaultSide& leases_;
  SessionSockets& sockets_;
};

}  // namespace strongroom::app
