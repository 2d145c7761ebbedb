// SealedServer: what the control API answers while the root key is not open: what is wanted, and
// the one operation that brings it. Everything else is 503 "sealed".
//
// Used by: app (strongroom serve), before ControlServer. Threads: the vault's loop. Callers are
// admitted like ControlServer's. SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "api/server.h"

namespace strongroom::api {

/// What the sealed server asks of the rest of the program.
struct SealedHooks {
  /// "passphrase", "share", or empty: look again at the seals that open by themselves. Answers true
  /// when the server is open and serves.
  std::function<Result<bool>(const std::string& kind, Secret value)> unseal;
  /// What it waits for, for people.
  std::function<std::string()> waits_for;
  std::function<std::string()> seals;
};

class SealedServer {
 public:
  SealedServer(io::Loop& loop, ControlOptions options, SealedHooks hooks);
  ~SealedServer();
  SealedServer(const SealedServer&) = delete;
  SealedServer& operator=(const SealedServer&) = delete;

  /// Listening sockets, taken over.
  void start(int tcp_fd, int unix_fd);
  /// No new connections; what is being answered is answered.
  void begin_stop();
  [[nodiscard]] io::Task<void> stop(std::chrono::milliseconds within);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace strongroom::api
