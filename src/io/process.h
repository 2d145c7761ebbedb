// Child processes and what a process gives up. SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "base/result.h"

namespace strongroom::io {

/// A program to start with exactly this environment and these inherited descriptors.
struct Spawn {
  std::string program;                               ///< path; not searched
  std::vector<std::string> arguments;                ///< argv[1..]
  std::vector<std::pair<std::string, std::string>> environment;
  std::vector<std::pair<int, int>> descriptors;      ///< our fd → fd in the child; all others are closed
  bool die_with_parent = true;                       ///< PR_SET_PDEATHSIG SIGKILL
};
[[nodiscard]] Result<int> spawn(const Spawn& spawn);  ///< the child's pid

/// No core dumps (RLIMIT_CORE 0), not dumpable, no new privileges. First thing in main() of the vault and the gateway.
[[nodiscard]] Status confine_this_process();
/// Directory of the running program, to find its siblings.
[[nodiscard]] Result<std::string> own_directory();

}  // namespace strongroom::io
