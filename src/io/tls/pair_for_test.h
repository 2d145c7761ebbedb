// A TLS client and a TlsServer joined in memory, for io's tests. SPDX-License-Identifier:
// Apache-2.0
#pragma once

#include <gtest/gtest.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "io/authority/certificate_making.h"
#include "io/tls/state.h"

namespace strongroom::io {

inline Cert certificate_of(const std::string& pem) {
  const std::unique_ptr<BIO, Freer<BIO_free>> bio(
      BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  return Cert(PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr));
}

/// What the client asks and insists on.
struct ClientWish {
  std::string server_name{};  ///< SNI; none when empty
  std::string expected{};     ///< host name or address that must be certified; none when empty
  std::string offer{};        ///< ALPN, each protocol after its length
  int version = TLS1_3_VERSION;
  SSL_SESSION* session = nullptr;
  bool takes_tickets = true;
};

class TlsPair {
 public:
  TlsPair(const TlsServer& tls, const std::string& trusted_pem, const ClientWish& wish,
          WallTime now)
      : context_(SSL_CTX_new(TLS_client_method())),
        client_(SSL_new(context_.get())),
        server_(SSL_new(tls.state().context.get())) {
    SSL* client = client_.get();
    const Cert trusted = certificate_of(trusted_pem);
    X509_STORE_add_cert(SSL_CTX_get_cert_store(context_.get()), trusted.get());
    SSL_set_verify(client, SSL_VERIFY_PEER, nullptr);
    X509_VERIFY_PARAM_set_time(
        SSL_get0_param(client),
        std::chrono::floor<std::chrono::seconds>(now).time_since_epoch().count());
    SSL_set_min_proto_version(client, wish.version);
    SSL_set_max_proto_version(client, wish.version);
    if (!wish.server_name.empty()) SSL_set_tlsext_host_name(client, wish.server_name.c_str());
    if (!wish.expected.empty() &&
        X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(client), wish.expected.c_str()) != 1)
      SSL_set1_host(client, wish.expected.c_str());
    if (!wish.offer.empty())
      SSL_set_alpn_protos(client, bytes_of(wish.offer).data(),
                          static_cast<unsigned>(wish.offer.size()));
    if (wish.session != nullptr) SSL_set_session(client, wish.session);
    if (!wish.takes_tickets) SSL_set_options(client, SSL_OP_NO_TICKET);
    SSL_set_app_data(client, this);
    SSL_set_info_callback(client, note_alert);
    BIO* theirs = BIO_new(BIO_s_mem());
    BIO* ours = BIO_new(BIO_s_mem());
    BIO_up_ref(theirs);
    BIO_up_ref(ours);
    SSL_set_bio(client, theirs, ours);
    SSL_set_bio(server_.get(), ours, theirs);
    SSL_set_connect_state(client);
    SSL_set_accept_state(server_.get());
  }
  TlsPair(const TlsPair&) = delete;
  TlsPair& operator=(const TlsPair&) = delete;
  ~TlsPair() {
    // Otherwise OpenSSL takes the end for a breach, and the session is never resumed.
    SSL_set_shutdown(client_.get(), SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
  }

  /// True when both ends are content.
  bool shake() {
    bool client_done = false;
    bool server_done = false;
    for (int i = 0; i < 10 && !(client_done && server_done); ++i) {
      client_done = SSL_do_handshake(client_.get()) == 1;
      server_done = SSL_do_handshake(server_.get()) == 1;
    }
    // What is under way yet: an alert, or session tickets.
    char octet = 0;
    if (!server_done) (void)SSL_do_handshake(client_.get());
    if (client_done && server_done) (void)SSL_read(client_.get(), &octet, 1);
    ERR_clear_error();
    return client_done && server_done;
  }

  /// The client's first words: take them before shake(), give them back as they should arrive.
  std::string take_hello() {
    (void)SSL_do_handshake(client_.get());
    std::string out(BIO_ctrl_pending(SSL_get_rbio(server_.get())), '\0');
    BIO_read(SSL_get_rbio(server_.get()), out.data(), static_cast<int>(out.size()));
    return out;
  }
  /// Lets the server see what has come so far.
  void give(std::string_view octets) {
    BIO_write(SSL_get_rbio(server_.get()), octets.data(), static_cast<int>(octets.size()));
    (void)SSL_do_handshake(server_.get());
    ERR_clear_error();
  }

  [[nodiscard]] SSL* client() const { return client_.get(); }
  [[nodiscard]] SSL* server() const { return server_.get(); }
  /// The alert that the client was sent; 0 when none.
  [[nodiscard]] int alert() const { return alert_; }
  [[nodiscard]] bool is_resumed() const { return SSL_session_reused(client_.get()) == 1; }
  [[nodiscard]] std::unique_ptr<SSL_SESSION, SslFree> session() const {
    return std::unique_ptr<SSL_SESSION, SslFree>(SSL_get1_session(client_.get()));
  }

 private:
  static void note_alert(const SSL* ssl, int where, int value) {
    if ((where & SSL_CB_READ_ALERT) == SSL_CB_READ_ALERT)
      static_cast<TlsPair*>(SSL_get_app_data(ssl))->alert_ = value & 0xFF;
  }

  SslContext context_;
  Ssl client_;
  Ssl server_;
  int alert_ = 0;
};

}  // namespace strongroom::io
