// Programs of others that a runtime calls (runc, umoci): found in PATH, waited for, and quoted in
// errors by their last line.
//
// Threads: the loop's. They get PATH and HOME and no other variable, no value, and no terminal.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "io/loop.h"
#include "io/task.h"
#include "workroom/wire.h"

namespace strongroom::workroom {

struct Command {
  std::string program;  ///< a path, or a name to look for in PATH and the system's own folders
  std::vector<std::string> arguments;
  Duration within = std::chrono::seconds(30);
  /// Standard streams; without, they are empty and its error output is kept for the error.
  const Streams* streams = nullptr;
  /// Where it writes its own messages, for the error; empty: standard error.
  std::string log;
};

/// Unsupported when there is no such program; Unavailable with what it said when it failed, Timeout
/// (it is killed then).
[[nodiscard]] io::Task<Status> run_program(io::Loop& loop, Command command);
[[nodiscard]] Result<std::string> find_program(const std::string& name);

}  // namespace strongroom::workroom
