// AttachedRuntime: workrooms in containers that a platform starts itself. Their entry point,
// strongroom-init, comes to a socket in a folder that both see, says what it is to run, and waits
// for its order.
//
// Used by: app's runner (`strongroom attach`). Threads: the loop's. The kernel says who comes: one
// user is heard, once; then the socket is gone. Init is process 1 of its container, or it is
// refused, so that the kernel ends with it all that it has started; that this has happened is seen
// by a handle of it, whatever namespace it is in. SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>
#include <chrono>
#include <memory>
#include <string>

#include "workroom/runtime.h"

namespace strongroom::workroom {

/// A socket file for one user: 0600 and theirs where that can be, else open to all, so that whoever
/// accepts must ask the kernel who has come.
[[nodiscard]] Status give_socket(const std::string& path, uid_t user);

class AttachedRuntime final : public Runtime {
 public:
  struct Plan {
    std::string socket;  ///< absolute
    uid_t user = 0;      ///< whose init is heard
    std::chrono::seconds patience{600};
  };
  AttachedRuntime(io::Loop& loop, Plan plan);
  ~AttachedRuntime() override;

  /// From now on init may come.
  [[nodiscard]] Status listen();
  /// Until it has come: its command, folder, variables and streams are in `spec`. Timeout;
  /// Cancelled by SIGTERM or SIGINT.
  [[nodiscard]] io::Task<Status> arrive(WorkroomSpec& spec);
  /// Nobody is waited for any more.
  void give_up();
  /// What has arrived.
  [[nodiscard]] io::Task<Result<std::unique_ptr<RunningInit>>> launch(io::Loop& loop,
                                                                      WorkroomSpec& spec) override;

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace strongroom::workroom
