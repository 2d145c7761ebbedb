// What the TLS contexts hold; for io's own files. SPDX-License-Identifier: Apache-2.0
#pragma once

#include <openssl/ssl.h>
#include <memory>
#include <string>

#include "io/tls/tls.h"

namespace strongroom::io {

struct SslFree {
  void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
  void operator()(SSL* ssl) const { SSL_free(ssl); }
  void operator()(SSL_SESSION* session) const { SSL_SESSION_free(session); }
};
using SslContext = std::unique_ptr<SSL_CTX, SslFree>;
using Ssl = std::unique_ptr<SSL, SslFree>;

/// What a client asks for before it is known which certificate answers it.
struct ServerNameWish {
  enum class Decision : std::uint8_t { None, Chosen, Refused };
  std::string name;
  Decision decision = Decision::None;
  TlsRefusal refusal = TlsRefusal::UnrecognizedName;
};

struct TlsServer::State {
  SslContext context;
};

/// What all contexts have in common: TLS 1.2 and later, no renegotiation, no compression, few
/// buffers. Null when there is no memory.
[[nodiscard]] SslContext make_context(const SSL_METHOD* method);
/// OpenSSL's queue of errors as one line; empties it.
[[nodiscard]] std::string tls_errors();

}  // namespace strongroom::io
