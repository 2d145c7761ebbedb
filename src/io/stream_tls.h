// TLS on a Stream's socket; for io's own files. SPDX-License-Identifier: Apache-2.0
#pragma once

#include "io/stream_state.h"

namespace strongroom::io {

/// False when there is no memory.
[[nodiscard]] bool begin_tls(Stream::State& state, SSL_CTX* context);
[[nodiscard]] Task<Status> handshake(Stream::State& state);
[[nodiscard]] Task<Result<std::size_t>> tls_read(Stream::State& state, MutableBytes into);
[[nodiscard]] Task<Status> tls_write(Stream::State& state, ByteView from);
/// One record, and so one write, for both where they fit.
[[nodiscard]] Task<Status> tls_write(Stream::State& state, ByteView first, ByteView second);

/// What a look without taking plaintext tells.
enum class TlsLook : std::uint8_t { Nothing, Octets, Ended };
[[nodiscard]] TlsLook tls_look(Stream::State& state);

}  // namespace strongroom::io
