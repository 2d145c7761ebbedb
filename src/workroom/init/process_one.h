// Process 1 of a workroom once the command runs: it reaps, forwards signals, and ends with the
// command's status; with it ends everything else in the workroom. Where it is not process 1 (no
// namespace to be had) it is a subreaper and ends its descendants itself. SPDX-License-Identifier:
// Apache-2.0
#pragma once

#include <sys/types.h>

namespace strongroom::workroom {

struct ProcessOne {
  pid_t command = -1;
  int signals = -1;  ///< of watch_signals()
  bool is_first = false;
};

/// Until the command has ended, or the runner is gone.
[[noreturn]] void run(const ProcessOne& facts);
/// Blocks every signal and gives a descriptor that tells of those which concern us.
[[nodiscard]] int watch_signals();

}  // namespace strongroom::workroom
