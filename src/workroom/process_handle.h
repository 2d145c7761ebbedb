// ProcessHandle: one process that is not a child of ours, by its pidfd: never another of the same
// number. SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>

#include "base/result.h"
#include "io/descriptor.h"
#include "io/loop.h"
#include "io/task.h"

namespace strongroom::workroom {

class ProcessHandle {
 public:
  explicit ProcessHandle(io::Loop& loop) : descriptor_(loop) {}
  /// Unavailable: it has ended.
  [[nodiscard]] Status open(pid_t pid);
  [[nodiscard]] bool is_open() const noexcept { return descriptor_.is_open(); }
  /// False where we may not.
  bool send(int signal) const noexcept;
  /// Once it has ended. One waiter.
  [[nodiscard]] io::Task<void> ended();

 private:
  io::Descriptor descriptor_;
};

}  // namespace strongroom::workroom
