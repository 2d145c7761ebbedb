// Child processes, how they end, and what a process gives up.
//
// Used by: app (gateways), workroom (strongroom-init). Threads: any; exit_of() its loop's.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "io/loop.h"
#include "io/task.h"

namespace strongroom::io {

/// What a child sees of the machine's processes.
enum class Separation : std::uint8_t {
  None,
  /// It is process 1 of its own process-id namespace, with its own mounts and, where the kernel
  /// lets us, its own /proc. When it dies, the kernel kills whatever it started. Unsupported where
  /// neither root nor a user namespace makes that possible.
  ProcessIds,
};
enum class ProcessGroup : std::uint8_t { OfParent, Own };

/// A program to start, with no signal ignored or held back, with exactly this environment and these
/// inherited descriptors; 0, 1 and 2 are inherited unless placed.
struct Spawn {
  std::string program;                 ///< path; not searched
  std::vector<std::string> arguments;  ///< argv[1..]
  std::vector<std::pair<std::string, std::string>> environment;
  std::vector<std::pair<int, int>>
      descriptors;              ///< our fd → fd in the child; all others are closed
  bool die_with_parent = true;  ///< PR_SET_PDEATHSIG SIGKILL
  Separation separation = Separation::None;
  ProcessGroup group = ProcessGroup::OfParent;
};
[[nodiscard]] Result<int> spawn(const Spawn& spawn);  ///< the child's pid

/// How a child of ours ended, in the shell's manner: its exit status, or 128 and the signal's
/// number. Reaps it.
[[nodiscard]] Task<Result<int>> exit_of(Loop& loop, int pid);

/// No core dumps (RLIMIT_CORE 0), not dumpable, no new privileges. First thing in main() of the
/// vault and the gateway.
[[nodiscard]] Status confine_this_process();
/// Directory of the running program, to find its siblings.
[[nodiscard]] Result<std::string> own_directory();

}  // namespace strongroom::io
