// TLS servers whose certificates are leaves: of one host, or chosen by the name that the client
// asks for. SPDX-License-Identifier: Apache-2.0
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <array>
#include <memory>
#include <optional>

#include "base/bytes.h"
#include "io/authority/certificate_host.h"
#include "io/authority/leaf_state.h"
#include "io/tls/connection.h"
#include "io/tls/state.h"

namespace strongroom::io {
namespace {

using SessionScope = std::array<unsigned char, SSL_MAX_SID_CTX_LENGTH>;
using AskedName = std::optional<std::string_view>;

/// One context of leaves; lives as long as OpenSSL's own, which connections hold on to.
struct Serving {
  LeafSource leaf_for;
  std::string_view offer;  ///< ALPN, each protocol after its length
  std::array<unsigned char, 16> id{};
};

/// One connection.
struct Choice {
  std::string tunnel_host;
  std::string server_name;
  std::string host;
  std::optional<Error> refusal;
};

template <class T>
void free_attached(void*, void* attached, CRYPTO_EX_DATA*, int, long, void*) {
  delete static_cast<T*>(attached);
}

int serving_index() {
  static const int index =
      SSL_CTX_get_ex_new_index(0, nullptr, nullptr, nullptr, free_attached<Serving>);
  return index;
}
int choice_index() {
  static const int index =
      SSL_get_ex_new_index(0, nullptr, nullptr, nullptr, free_attached<Choice>);
  return index;
}

const Choice* find_choice(const SSL* ssl) {
  return static_cast<const Choice*>(SSL_get_ex_data(ssl, choice_index()));
}

/// Null when there is no memory.
Choice* choice_of(SSL* ssl) {
  if (auto* found = static_cast<Choice*>(SSL_get_ex_data(ssl, choice_index()))) return found;
  auto made = std::make_unique<Choice>();
  if (SSL_set_ex_data(ssl, choice_index(), made.get()) != 1) return nullptr;
  return made.release();
}

std::string_view offer_of(TlsServer::Protocols protocols) {
  switch (protocols) {
    case TlsServer::Protocols::Http1:
      return "\x08http/1.1";
    case TlsServer::Protocols::Http2AndHttp1:
      return "\x02h2\x08http/1.1";
    case TlsServer::Protocols::Http2:
      break;
  }
  return "\x02h2";
}

/// RFC 7301 3.2: the server's order decides; a client that shares no protocol with it is refused.
int choose_protocol(SSL*, const unsigned char** out, unsigned char* out_size,
                    const unsigned char* in, unsigned in_size, void* serving) {
  const ByteView offer = bytes_of(static_cast<const Serving*>(serving)->offer);
  unsigned char* chosen = nullptr;
  if (SSL_select_next_proto(&chosen, out_size, offer.data(), static_cast<unsigned>(offer.size()),
                            in, in_size) != OPENSSL_NPN_NEGOTIATED)
    return SSL_TLSEXT_ERR_ALERT_FATAL;
  *out = chosen;
  return SSL_TLSEXT_ERR_OK;
}

/// RFC 6066 3: a list of one host_name. Nothing when the client names none, an error when what it
/// wrote is no such list.
Result<AskedName> asked_name(SSL* ssl) {
  const unsigned char* data = nullptr;
  std::size_t size = 0;
  if (SSL_client_hello_get0_ext(ssl, TLSEXT_TYPE_server_name, &data, &size) != 1)
    return AskedName();
  constexpr std::size_t kHead = 5;  // length of the list, type, length of the name
  const auto number = [&](std::size_t at) {
    return static_cast<std::size_t>(data[at]) << 8U | data[at + 1];
  };
  if (size <= kHead || number(0) + 2 != size || data[2] != TLSEXT_NAMETYPE_host_name ||
      number(3) + kHead != size)
    return fail(Code::Protocol, "The client's server_name is malformed.", "server_name_malformed");
  return AskedName(text_of(ByteView(data, size).subspan(kHead)));
}

/// Sessions are resumed within their server and for their host only: what was agreed for one host
/// or under one authority says nothing of another.
bool set_scope(SSL* ssl, const Serving& serving, std::string_view host) {
  ByteVector text(serving.id.begin(), serving.id.end());
  text.insert(text.end(), host.begin(), host.end());
  SessionScope scope{};
  unsigned size = 0;
  return EVP_Digest(text.data(), text.size(), scope.data(), &size, EVP_sha256(), nullptr) == 1 &&
         SSL_set_session_id_context(ssl, scope.data(), size) == 1;
}

Status use_leaf(SSL* ssl, const Serving& serving, const Leaf& leaf) {
  const Leaf::State& state = leaf.state();
  if (SSL_use_cert_and_key(ssl, state.certificate.get(), state.key.get(), nullptr, 1) != 1 ||
      !set_scope(ssl, serving, state.host))
    return fail(Code::Internal, "the leaf cannot be used: " + tls_errors());
  return {};
}

Status choose_leaf(SSL* ssl, const Serving& serving, Choice& choice) {
  STRONGROOM_TRY(const auto asked, asked_name(ssl));
  if (asked) {
    STRONGROOM_TRY(auto known, certificate_host(*asked));
    choice.server_name = std::move(known.text);
  }
  if (!asked && choice.tunnel_host.empty())
    return fail(Code::Invalid, "The client names no host.", "server_name_missing");
  if (asked && !choice.tunnel_host.empty() && choice.server_name != choice.tunnel_host)
    return fail(Code::Refused, "The client names another host than its tunnel's.", "host_mismatch");
  const std::string& host = asked ? choice.server_name : choice.tunnel_host;
  STRONGROOM_TRY(const auto leaf, serving.leaf_for(host));
  STRONGROOM_CHECKED(use_leaf(ssl, serving, leaf));
  choice.host = leaf.host();
  return {};
}

int alert_of(const Error& error) {
  switch (error.code) {
    case Code::Protocol:
      return SSL_AD_DECODE_ERROR;
    case Code::Invalid:
    case Code::NotFound:
    case Code::Refused:
      return SSL_AD_UNRECOGNIZED_NAME;  // RFC 6066 3
    default:
      return SSL_AD_INTERNAL_ERROR;  // ours, not the client's
  }
}

int on_client_hello(SSL* ssl, int* alert, void* serving) noexcept {
  Choice* const choice = choice_of(ssl);
  *alert = SSL_AD_INTERNAL_ERROR;
  if (choice == nullptr) return SSL_CLIENT_HELLO_ERROR;
  auto chosen = choose_leaf(ssl, *static_cast<const Serving*>(serving), *choice);
  if (chosen) return SSL_CLIENT_HELLO_SUCCESS;
  *alert = alert_of(chosen.error());
  choice->refusal = std::move(chosen).error();
  return SSL_CLIENT_HELLO_ERROR;
}

/// A context that offers `protocols`, keeps no sessions itself (clients have tickets, sealed with
/// the context's own random keys) and owns its Serving, which it answers.
Result<Serving*> prepare(SslContext& context, TlsServer::Protocols protocols) {
  context = make_context(TLS_server_method());
  auto serving = std::make_unique<Serving>();
  serving->offer = offer_of(protocols);
  if (context == nullptr ||
      RAND_bytes(serving->id.data(), static_cast<int>(serving->id.size())) != 1)
    return fail(Code::Internal, "no memory for TLS");
  SSL_CTX_set_session_cache_mode(context.get(), SSL_SESS_CACHE_OFF);
  if (SSL_CTX_set_ex_data(context.get(), serving_index(), serving.get()) != 1)
    return fail(Code::Internal, "no memory for TLS");
  SSL_CTX_set_alpn_select_cb(context.get(), choose_protocol, serving.get());
  return serving.release();
}

}  // namespace

Result<TlsServer> TlsServer::by_name(LeafSource leaf_for, Protocols protocols) {
  auto state = std::make_unique<State>();
  STRONGROOM_TRY(Serving* const serving, prepare(state->context, protocols));
  serving->leaf_for = std::move(leaf_for);
  SSL_CTX_set_client_hello_cb(state->context.get(), on_client_hello, serving);
  return TlsServer(std::move(state));
}

Result<TlsServer> TlsServer::of_leaf(const Leaf& leaf, Protocols protocols) {
  auto state = std::make_unique<State>();
  STRONGROOM_TRY(const Serving* const serving, prepare(state->context, protocols));
  SSL_CTX* context = state->context.get();
  if (SSL_CTX_use_cert_and_key(context, leaf.state().certificate.get(), leaf.state().key.get(),
                               nullptr, 1) != 1 ||
      SSL_CTX_set_session_id_context(context, serving->id.data(),
                                     static_cast<unsigned>(serving->id.size())) != 1)
    return fail(Code::Internal, "the leaf cannot be used: " + tls_errors());
  return TlsServer(std::move(state));
}

Status set_tunnel_host(SSL* ssl, std::string_view host) {
  STRONGROOM_TRY(auto known, certificate_host(host));
  Choice* const choice = choice_of(ssl);
  if (choice == nullptr) return fail(Code::Internal, "no memory for TLS");
  choice->tunnel_host = std::move(known.text);
  return {};
}

TlsAgreed tls_agreed(const SSL* ssl) {
  TlsAgreed agreed;
  if (const Choice* const choice = find_choice(ssl)) {
    agreed.server_name = choice->server_name;
    agreed.host = choice->host;
  }
  const unsigned char* protocol = nullptr;
  unsigned size = 0;
  SSL_get0_alpn_selected(ssl, &protocol, &size);
  if (size > 0) agreed.protocol = text_of(ByteView(protocol, size));
  return agreed;
}

const Error* tls_refusal(const SSL* ssl) {
  const Choice* const choice = find_choice(ssl);
  return choice != nullptr && choice->refusal ? &*choice->refusal : nullptr;
}

}  // namespace strongroom::io
