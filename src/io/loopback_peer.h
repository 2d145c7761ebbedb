// Whose process is at the other end of a TCP connection within this machine: what SO_PEERCRED tells
// of Unix sockets, asked of the kernel by the connection's addresses (sock_diag(7)).
//
// Used by: app, gateway. Threads: any. Where the kernel cannot be asked so, its tables are read
// (proc(5), /proc/net/tcp and tcp6), which takes long where there are many sockets: ask once for
// each connection. SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>
#include <optional>

namespace strongroom::io {

/// What the kernel knows of the other end's socket.
struct LoopbackPeer {
  uid_t user = 0;   ///< whose it is
  ino_t inode = 0;  ///< as in the links of /proc/PID/fd: "socket:[inode]"
};

/// The other end of `fd`, a connected TCP socket. Nothing where the kernel does not tell, or nobody
/// has that end open any more: then nobody may be assumed.
[[nodiscard]] std::optional<LoopbackPeer> loopback_peer(int fd);
/// Does the kernel tell of such sockets at all? Known by our own end of `fd`, which is there.
[[nodiscard]] bool knows_loopback_peers(int fd);

}  // namespace strongroom::io
