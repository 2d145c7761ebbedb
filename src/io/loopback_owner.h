// Whose process is at the other end of a TCP connection within this machine: what SO_PEERCRED tells
// of Unix sockets, read from the kernel's tables (proc(5), /proc/net/tcp and tcp6).
//
// Used by: app. Threads: any. Reads the whole table for each question: for listeners with few
// connections. SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>
#include <optional>

namespace strongroom::io {

/// The user of the process that holds the other end of `fd`, a connected IPv4 socket. Nothing where
/// the tables cannot be read or do not have it: then nobody may be assumed.
[[nodiscard]] std::optional<uid_t> loopback_owner(int fd);

}  // namespace strongroom::io
