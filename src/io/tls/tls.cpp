// SPDX-License-Identifier: Apache-2.0
#include "io/tls/tls.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include "io/tls/client_state.h"

namespace strongroom::io {
namespace {

struct BioFree {
  void operator()(BIO* bio) const { BIO_free(bio); }
};
struct X509Free {
  void operator()(X509* certificate) const { X509_free(certificate); }
};
struct KeyFree {
  void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
};
using Bio = std::unique_ptr<BIO, BioFree>;

Bio reader(const std::string& pem) {
  return Bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
}

/// All certificates of a PEM text; empty when one does not parse.
std::vector<std::unique_ptr<X509, X509Free>> certificates(const std::string& pem) {
  std::vector<std::unique_ptr<X509, X509Free>> out;
  const Bio bio = reader(pem);
  while (X509* certificate = PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr))
    out.emplace_back(certificate);
  ERR_clear_error();
  return out;
}

constexpr std::size_t kReadAhead =
    64UL << 10U;  // octets that one system call may bring; freed while nothing is buffered

int state_index() {
  static const int index = SSL_CTX_get_ex_new_index(0, nullptr, nullptr, nullptr, nullptr);
  return index;
}

/// Keeps the session for the next connections to the host. Answers 0: this one stays OpenSSL's.
int keep_session(SSL* ssl, SSL_SESSION* session) {
  auto* state =
      static_cast<TlsClient::State*>(SSL_CTX_get_ex_data(SSL_get_SSL_CTX(ssl), state_index()));
  const char* host = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);
  if (state != nullptr && host != nullptr) state->sessions.keep(host, session);
  return 0;
}

int choose(const unsigned char* offer, unsigned offer_size, const unsigned char** out,
           unsigned char* out_size, const unsigned char* in, unsigned in_size) {
  unsigned char* chosen = nullptr;
  if (SSL_select_next_proto(&chosen, out_size, offer, offer_size, in, in_size) !=
      OPENSSL_NPN_NEGOTIATED)
    return SSL_TLSEXT_ERR_NOACK;
  *out = chosen;
  return SSL_TLSEXT_ERR_OK;
}

int choose_http1(SSL*, const unsigned char** out, unsigned char* out_size, const unsigned char* in,
                 unsigned in_size, void*) {
  static constexpr unsigned char kOffer[] = "\x08http/1.1";
  return choose(kOffer, sizeof(kOffer) - 1, out, out_size, in, in_size);
}

int choose_http2_first(SSL*, const unsigned char** out, unsigned char* out_size,
                       const unsigned char* in, unsigned in_size, void*) {
  static constexpr unsigned char kOffer[] = "\x02h2\x08http/1.1";
  return choose(kOffer, sizeof(kOffer) - 1, out, out_size, in, in_size);
}

/// A key behind a passphrase is none: nobody is asked for it at a terminal.
int refuse_passphrase(char*, int, int, void*) {
  return 0;
}

int choose_http2_only(SSL*, const unsigned char** out, unsigned char* out_size,
                      const unsigned char* in, unsigned in_size, void*) {
  static constexpr unsigned char kOffer[] = "\x02h2";
  const int chosen = choose(kOffer, sizeof(kOffer) - 1, out, out_size, in, in_size);
  return chosen == SSL_TLSEXT_ERR_OK ? chosen : SSL_TLSEXT_ERR_ALERT_FATAL;
}

SSL_CTX_alpn_select_cb_func chooser_of(TlsServer::Protocols protocols) {
  switch (protocols) {
    case TlsServer::Protocols::Http1:
      return choose_http1;
    case TlsServer::Protocols::Http2AndHttp1:
      return choose_http2_first;
    case TlsServer::Protocols::Http2:
      break;
  }
  return choose_http2_only;
}

Status use_certificate(SSL_CTX* context, const Certificate& certificate) {
  const auto chain = certificates(certificate.chain_pem);
  const Bio key_bio = reader(certificate.private_key_pem);
  const std::unique_ptr<EVP_PKEY, KeyFree> key(
      PEM_read_bio_PrivateKey(key_bio.get(), nullptr, refuse_passphrase, nullptr));
  if (chain.empty() || key == nullptr || SSL_CTX_use_certificate(context, chain[0].get()) != 1 ||
      SSL_CTX_use_PrivateKey(context, key.get()) != 1)
    return fail(Code::Invalid, "the TLS certificate or its key is not usable: " + tls_errors());
  for (std::size_t i = 1; i < chain.size(); ++i) SSL_CTX_add1_chain_cert(context, chain[i].get());
  return {};
}

}  // namespace

SslContext make_context(const SSL_METHOD* method) {
  SslContext context(SSL_CTX_new(method));
  if (context == nullptr) return context;
  SSL_CTX_set_min_proto_version(context.get(), TLS1_2_VERSION);
  SSL_CTX_set_options(context.get(), SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION |
                                         SSL_OP_CIPHER_SERVER_PREFERENCE);
  SSL_CTX_set_mode(context.get(),
                   SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  SSL_CTX_set_read_ahead(context.get(), 1);
  SSL_CTX_set_default_read_buffer_len(context.get(), kReadAhead);
  return context;
}

std::string tls_errors() {
  std::string text;
  while (const unsigned long error = ERR_get_error()) {
    char line[256];
    ERR_error_string_n(error, line, sizeof(line));
    const char* reason = ERR_reason_error_string(error);
    text += (text.empty() ? "" : "; ") + std::string(reason != nullptr ? reason : line);
  }
  return text.empty() ? "the connection ended" : text;
}

TlsClient::TlsClient(std::unique_ptr<State> state) : state_(std::move(state)) {}
TlsClient::TlsClient(TlsClient&&) noexcept = default;
TlsClient& TlsClient::operator=(TlsClient&&) noexcept = default;
TlsClient::~TlsClient() = default;

Result<TlsClient> TlsClient::create(const std::string& extra_ca_pem) {
  auto state = std::make_unique<State>();
  state->context = make_context(TLS_client_method());
  SSL_CTX* context = state->context.get();
  if (context == nullptr) return fail(Code::Internal, "no memory for TLS");
  SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nullptr);
  SSL_CTX_set_default_verify_paths(context);
  ERR_clear_error();
  if (!extra_ca_pem.empty()) {
    const auto extra = certificates(extra_ca_pem);
    if (extra.empty()) return fail(Code::Invalid, "extra_ca holds no PEM certificate");
    for (const auto& certificate : extra)
      X509_STORE_add_cert(SSL_CTX_get_cert_store(context), certificate.get());
  }
  SSL_CTX_set_ex_data(context, state_index(), state.get());
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
  SSL_CTX_sess_set_new_cb(context, keep_session);
  return TlsClient(std::move(state));
}

TlsServer::TlsServer(std::unique_ptr<State> state) : state_(std::move(state)) {}
TlsServer::TlsServer(TlsServer&&) noexcept = default;
TlsServer& TlsServer::operator=(TlsServer&&) noexcept = default;
TlsServer::~TlsServer() = default;

namespace {

/// RFC 6066 3: one list of one host_name. Empty when the extension is not there or is malformed.
std::string server_name_of(SSL* ssl) {
  const unsigned char* data = nullptr;
  std::size_t size = 0;
  constexpr std::size_t kHead = 5;  // length of the list, type, length of the name
  if (SSL_client_hello_get0_ext(ssl, TLSEXT_TYPE_server_name, &data, &size) != 1 || size < kHead)
    return {};
  const auto number = [&](std::size_t at) {
    return static_cast<std::size_t>(data[at]) << 8U | data[at + 1];
  };
  const bool is_one_name = number(0) + 2 == size && data[2] == TLSEXT_NAMETYPE_host_name &&
                           number(3) + kHead == size && number(3) <= 253;
  if (!is_one_name) return {};
  return {reinterpret_cast<const char*>(data) + kHead, number(3)};
}

/// Holds the handshake until somebody has decided.
int ask_who_is_wanted(SSL* ssl, int* alert, void*) {
  auto* wish = static_cast<ServerNameWish*>(SSL_get_app_data(ssl));
  if (wish == nullptr) return SSL_CLIENT_HELLO_ERROR;
  *alert = wish->refusal == TlsRefusal::UnrecognizedName ? SSL_AD_UNRECOGNIZED_NAME
                                                         : SSL_AD_INTERNAL_ERROR;
  if (wish->decision == ServerNameWish::Decision::Refused) return SSL_CLIENT_HELLO_ERROR;
  if (wish->decision == ServerNameWish::Decision::Chosen) return SSL_CLIENT_HELLO_SUCCESS;
  wish->name = server_name_of(ssl);
  return SSL_CLIENT_HELLO_RETRY;
}

}  // namespace

Result<TlsServer> TlsServer::undecided() {
  auto state = std::make_unique<State>();
  state->context = make_context(TLS_server_method());
  if (state->context == nullptr) return fail(Code::Internal, "no memory for TLS");
  SSL_CTX_set_client_hello_cb(state->context.get(), ask_who_is_wanted, nullptr);
  return TlsServer(std::move(state));
}

Result<TlsServer> TlsServer::create(const Certificate& certificate, Protocols protocols) {
  auto state = std::make_unique<State>();
  state->context = make_context(TLS_server_method());
  if (state->context == nullptr) return fail(Code::Internal, "no memory for TLS");
  STRONGROOM_CHECKED(use_certificate(state->context.get(), certificate));
  SSL_CTX_set_alpn_select_cb(state->context.get(), chooser_of(protocols), nullptr);
  static constexpr unsigned char kContext[] = "strongroom";
  SSL_CTX_set_session_id_context(state->context.get(), kContext, sizeof(kContext) - 1);
  return TlsServer(std::move(state));
}

}  // namespace strongroom::io
