// Whose process is at the other end of a TCP connection within this machine: what SO_PEERCRED tells
// of Unix sockets, read from the kernel's tables (proc(5), /proc/net/tcp and tcp6).
//
// Used by: app, gateway. Threads: any. Reads the whole table for each question: for listeners with
// few connections. SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>
#include <optional>

namespace strongroom::io {

/// What the kernel knows of the other end's socket.
struct LoopbackPeer {
  uid_t user = 0;  ///< whose it is
  ino_t inode =
      0;  ///< as in the links of /proc/PID/fd: "socket:[inode]"; 0 when nobody has it open
};

/// The other end of `fd`, a connected IPv4 socket. Nothing where the tables cannot be read or do
/// not have it: then nobody may be assumed.
[[nodiscard]] std::optional<LoopbackPeer> loopback_peer(int fd);

}  // namespace strongroom::io
