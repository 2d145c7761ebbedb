// OrderSocket: where a container's first process comes for its order: one connection, from that
// very process, then the socket is gone.
//
// Used by: the container runtimes. Threads: the loop's. SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>
#include <string>

#include "base/clock.h"
#include "base/result.h"
#include "io/descriptor.h"
#include "io/loop.h"
#include "io/task.h"

namespace strongroom::workroom {

class OrderSocket {
 public:
  explicit OrderSocket(io::Loop& loop) : descriptor_(loop) {}
  ~OrderSocket();
  /// The file's mode is 0600: init runs as root, or as who we are.
  [[nodiscard]] Status listen(const std::string& path);
  /// The connection of process `expected` (SO_PEERCRED, as this process sees it), blocking, the
  /// caller's. Whoever else comes is turned away. Timeout; Unavailable once that
  /// process has ended.
  [[nodiscard]] io::Task<Result<int>> accept(pid_t expected, Deadline deadline);

 private:
  io::Descriptor descriptor_;
  std::string path_;
};

}  // namespace strongroom::workroom
