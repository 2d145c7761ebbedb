// Workroom: a command and whatever it starts, held together so that all of it can be ended.
//
// The command runs under strongroom-init, which a Runtime has started as process 1 of a process-id
// namespace: when init or the runner dies, the kernel kills every process of it, double forks and
// daemons included. The values travel over a socket into init's locked memory and from there into
// the command's environment: they are in no argument list, no file, and in neither our own nor
// init's environment. Used by: app's runner. Threads: its loop's. Signals sent to this process
// (TERM, INT, HUP, QUIT, USR1, USR2) go to the command while the workroom lives; what the terminal
// sends reaches it by itself. SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>
#include <memory>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "io/loop.h"
#include "io/task.h"
#include "lease/messages.h"
#include "workroom/runtime.h"

namespace strongroom::workroom {

/// Reasons (Error::reason) of a command that could not be started.
inline constexpr const char* kCommandNotFound = "command_not_found";
inline constexpr const char* kCommandNotExecutable = "command_not_executable";

class Workroom {
 public:
  /// Gives init its order, the image's variables after the session's. NotFound and Refused: the
  /// command cannot be started. Blocks for the hand-over (milliseconds). The secrets are wiped here
  /// when it returns.
  static Result<std::unique_ptr<Workroom>> start(io::Loop& loop, std::unique_ptr<RunningInit> init,
                                                 WorkroomSpec spec);
  ~Workroom();  ///< ends without grace what is left
  Workroom(const Workroom&) = delete;
  Workroom& operator=(const Workroom&) = delete;

  /// Of init; every process of the workroom descends from it.
  [[nodiscard]] int pid() const noexcept;
  [[nodiscard]] Isolation isolation() const noexcept;
  /// Is it a living process of this workroom?
  [[nodiscard]] bool has_process(pid_t pid) const;
  /// Gives another init, below process 1, an order of its own (wire.h, kWireInner). The answer is
  /// our end of its wire: nothing has been read from it, and its end ends what it has started.
  /// Waits for nobody.
  [[nodiscard]] Result<int> start_inner(const WorkroomSpec& spec);
  /// Has a process of it this socket open (descendants.h)?
  [[nodiscard]] bool has_socket(ino_t inode) const;
  /// The command's exit status, or 128 and the signal that ended it; once nothing of the workroom
  /// is left.
  [[nodiscard]] io::Task<int> exit_status();
  /// TERM to every process, KILL to what is left after `grace`. Answers when none is left, or names
  /// what could not be ended. Calls that come meanwhile wait for the same end and get the same
  /// answer.
  [[nodiscard]] io::Task<std::vector<lease::ProcessOutcome>> end(Duration grace);

  struct State;

 private:
  explicit Workroom(std::shared_ptr<State> state);
  std::shared_ptr<State> state_;
};

}  // namespace strongroom::workroom
