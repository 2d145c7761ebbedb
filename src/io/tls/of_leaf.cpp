// A TLS server whose certificate is the leaf of one host. SPDX-License-Identifier: Apache-2.0
#include <openssl/rand.h>
#include <array>

#include "base/bytes.h"
#include "io/authority/leaf_state.h"
#include "io/tls/state.h"

namespace strongroom::io {
namespace {

using SessionScope = std::array<unsigned char, 16>;
static_assert(sizeof(SessionScope) <= SSL_MAX_SID_CTX_LENGTH);

/// RFC 7301 3.2: the server's order decides; a client that shares no protocol with it is refused.
int choose_protocol(SSL*, const unsigned char** out, unsigned char* out_size,
                    const unsigned char* in, unsigned in_size, void*) {
  static constexpr std::string_view kOffer = "\x02h2\x08http/1.1";
  const ByteView offer = bytes_of(kOffer);
  unsigned char* chosen = nullptr;
  if (SSL_select_next_proto(&chosen, out_size, offer.data(), static_cast<unsigned>(offer.size()),
                            in, in_size) != OPENSSL_NPN_NEGOTIATED)
    return SSL_TLSEXT_ERR_ALERT_FATAL;
  *out = chosen;
  return SSL_TLSEXT_ERR_OK;
}

}  // namespace

Result<TlsServer> TlsServer::of_leaf(const Leaf& leaf) {
  auto state = std::make_unique<State>();
  state->context = make_context(TLS_server_method());
  SSL_CTX* const context = state->context.get();
  // Tickets may be sealed with keys that all servers share (undecided()): it is this that keeps a
  // session from being resumed where it was not agreed.
  SessionScope scope{};
  if (context == nullptr || RAND_bytes(scope.data(), static_cast<int>(scope.size())) != 1)
    return fail(Code::Internal, "no memory for TLS");
  // Clients have tickets; nothing is kept here for those that take none.
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_alpn_select_cb(context, choose_protocol, nullptr);
  if (SSL_CTX_use_cert_and_key(context, leaf.state().certificate.get(), leaf.state().key.get(),
                               nullptr, 1) != 1 ||
      SSL_CTX_set_session_id_context(context, scope.data(), scope.size()) != 1)
    return fail(Code::Internal, "the leaf cannot be used: " + tls_errors());
  return TlsServer(std::move(state));
}

}  // namespace strongroom::io
