// The workroom's loopback, handed on to the gateway: what connects to one of these listeners is
// joined to the session's own socket of the gateway, as it is or through a CONNECT to one place. So
// a workroom without any network reaches what it was granted, and nothing else.
//
// A thread of process 1, where nobody in the workroom can end it; it holds no secret (the socket
// asks for no credential). Bounded by descriptors; a connection at rest costs no buffer.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

namespace strongroom::workroom {

/// `relays`: texts "ADDRESS PORT DESTINATION" of the order. Listens on all, then serves in the
/// background. 0, or the errno of the first that cannot be.
[[nodiscard]] int start_relays(const std::vector<char*>& relays, const char* gateway_socket);

}  // namespace strongroom::workroom
