// The kernel's tables of TCP sockets as text (proc(5), /proc/net/tcp and tcp6): the slow way to ask
// for one of them, where there is no other. For io's own files. SPDX-License-Identifier: Apache-2.0
#pragma once

#include <netinet/in.h>
#include <optional>

#include "io/loopback_peer.h"

namespace strongroom::io {

/// One end of a TCP connection; IPv4 as it stands in IPv6 (RFC 4291 2.5.5.2). The port is in the
/// order of the network.
struct SocketEnd {
  in6_addr address{};
  in_port_t port = 0;
};

/// Whose the socket is that is bound to `local` and connected to `remote`. Reads whole tables,
/// whose size others determine.
[[nodiscard]] std::optional<LoopbackPeer> find_in_tables(const SocketEnd& local,
                                                         const SocketEnd& remote);

}  // namespace strongroom::io
