// GatewayKeeper: starts the gateway processes, gives each its lease channel and the listening
// socket, and starts a new one whenever one ends.
//
// Used by: serve. Threads: the vault's loop. The listening socket stays with the vault, so
// connections wait in its queue while a new gateway starts. A gateway that ends at once again and
// again is started with growing pauses (up to 5 s). SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "io/loop.h"
#include "io/stream.h"

namespace strongroom::app {

class GatewayKeeper {
 public:
  struct Plan {
    std::string program;  ///< path of strongroom-gateway
    int listening_socket = -1;
    int unix_socket = -1;  ///< for relays in workrooms
    int processes = 1;
    /// A gateway's end of the channel for sessions' sockets; closed here once the gateway has it.
    std::function<Result<int>()> session_sockets;
    std::function<void(io::Stream)> on_channel;  ///< our end of a new gateway's lease channel
    std::function<void()> on_change;             ///< pids() has changed
  };
  GatewayKeeper(io::Loop& loop, Plan plan);
  /// Starts all. An error here (no program) ends the start of the server.
  [[nodiscard]] Status start();
  /// Reaps ended children; call on SIGCHLD.
  void reap();
  /// From now on none is started anew, and the listening socket is closed.
  void stop_restarting();
  /// TERM or KILL to all that still run.
  void signal_all(int number);
  [[nodiscard]] std::vector<int> pids() const;

 private:
  struct Slot {
    int pid = -1;
    SteadyTime started{};
    int quick_ends = 0;
  };
  [[nodiscard]] Status start_one(Slot& slot);
  void restart_later(std::size_t index);
  io::Task<void> restart_after(std::size_t index, Duration pause);
  io::Loop& loop_;
  Plan plan_;
  std::vector<Slot> slots_;
  bool restarting_ = true;
};

}  // namespace strongroom::app
