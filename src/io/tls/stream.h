// TLS on a Stream's socket; for io's own files. SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>

#include "io/stream_state.h"

namespace strongroom::io {

/// False when there is no memory.
[[nodiscard]] bool begin_tls(Stream::State& state, SSL_CTX* context);
[[nodiscard]] bool offer_protocols(SSL* ssl, ProtocolOffer offer);
[[nodiscard]] Task<Status> handshake(Stream::State& state);
[[nodiscard]] Attempt try_tls_read(Stream::State& state, MutableBytes into);
/// One record, and so one write, for all that fits; Done may mean the first part alone.
[[nodiscard]] Attempt try_tls_write(Stream::State& state, const std::array<ByteView, 3>& parts);
/// Of an attempt that failed; takes what OpenSSL noted.
[[nodiscard]] Error tls_failure(const Stream::State& state, const char* what);

/// What a look without taking plaintext tells.
enum class TlsLook : std::uint8_t { Nothing, Octets, Ended };
[[nodiscard]] TlsLook tls_look(Stream::State& state);

}  // namespace strongroom::io
