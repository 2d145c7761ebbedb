// A Stream joined to another in memory; for io's own files. SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>
#include <span>

#include "io/stream_state.h"

namespace strongroom::io {

/// What came of it, and errno, as the calls for sockets have it.
[[nodiscard]] Attempt try_joined_read(Stream::State& state, MutableBytes into);
[[nodiscard]] Attempt try_joined_write(Stream::State& state, std::span<const ByteView> parts);
/// As recv(2) with MSG_PEEK answers for one octet.
[[nodiscard]] ssize_t peek_joined(const Stream::State& state, std::uint8_t& octet);

}  // namespace strongroom::io
