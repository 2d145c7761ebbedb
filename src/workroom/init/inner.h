// A second init below process 1, for one command of `strongroom-init exec`: it takes its order over
// a socket of its own, and ends with its command whatever that has left behind (wire.h,
// kWireInner). SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>
#include <cstdint>

namespace strongroom::workroom {

/// This program, to be executed again whatever becomes of its file; -1 where /proc does not tell.
[[nodiscard]] int open_own_program();
/// One octet, and the descriptor that came with it (-1: none). Never waits; as recv(2).
[[nodiscard]] ssize_t receive_octet(int fd, std::uint8_t& octet, int& passed);
/// Takes over `channel`. Where it cannot be, the runner finds the channel closed.
void start_inner(int channel, int program);

}  // namespace strongroom::workroom
