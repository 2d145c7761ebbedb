// Which addresses are this machine's own (threats.md G4). SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/socket.h>

namespace strongroom::io {

/// Would a connection to it end at this machine (in this process's network namespace), as the
/// kernel's routes have it? Asked anew each time, which sends nothing and waits for nothing. Where
/// the kernel may not be asked (netlink is closed to this process), is_own_by_source().
[[nodiscard]] bool is_own_address(const sockaddr_storage& address);
/// Would it be its own caller? That knows the first address of each interface, and second ones only
/// where the kernel calls them by themselves.
[[nodiscard]] bool is_own_by_source(const sockaddr_storage& address);

}  // namespace strongroom::io
