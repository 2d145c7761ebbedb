// The processes that descend from one, as /proc tells. Used by: the runtime and strongroom-init
// (so: no third party, no other room). SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>
#include <cstdint>
#include <string>
#include <vector>

namespace strongroom::workroom {

struct Process {
  pid_t pid = 0;
  pid_t parent = 0;
  std::uint64_t started = 0;  ///< with the pid: which process, even after the number is used again
  bool is_dead = false;       ///< a zombie: nothing of it is left but its status
  std::string name;  ///< the kernel's short name; never the arguments, which may hold anything
};

/// None when it is gone.
[[nodiscard]] bool read_process(pid_t pid, Process& out);
/// Children, their children, and so on; without `root` itself and without dead ones.
[[nodiscard]] std::vector<Process> living_descendants(pid_t root);
/// Its number in its own namespace: what a signal from there gives as its sender. 0 when it is
/// gone.
[[nodiscard]] pid_t inner_pid(const Process& process);
/// The same process, and not dead?
[[nodiscard]] bool is_alive(const Process& process);
/// Has it this socket open? `inode`: as in the links of /proc/PID/fd. False where its descriptors
/// cannot be read.
[[nodiscard]] bool has_socket(pid_t pid, ino_t inode);
/// Sends to that very process, not to a later one of the same number.
void signal_process(const Process& process, int number);

}  // namespace strongroom::workroom
