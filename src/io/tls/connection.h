// What one connection of a TlsServer::by_name is told before its handshake, and tells after it; for
// io's own files. SPDX-License-Identifier: Apache-2.0
#pragma once

#include <openssl/ssl.h>
#include <string>
#include <string_view>

#include "base/result.h"

namespace strongroom::io {

/// The host that the connection's tunnel was opened for (CONNECT), before the handshake. It answers
/// a client that names no host; a client that names another is refused (threats.md A1, A2).
/// Invalid, "host_not_nameable".
[[nodiscard]] Status set_tunnel_host(SSL* ssl, std::string_view host);

/// Views into the connection; empty where there is nothing to tell.
struct TlsAgreed {
  std::string_view server_name;  ///< what the client asked for (SNI, RFC 6066 3), in one spelling
  std::string_view host;         ///< what the certificate is for
  std::string_view protocol;     ///< what ALPN chose (RFC 7301)
};
[[nodiscard]] TlsAgreed tls_agreed(const SSL* ssl);

/// Why no certificate was chosen, after a handshake that failed for it; null otherwise.
[[nodiscard]] const Error* tls_refusal(const SSL* ssl);

}  // namespace strongroom::io
