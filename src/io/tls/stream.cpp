// SPDX-License-Identifier: Apache-2.0
#include "io/tls/stream.h"

#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <algorithm>
#include <array>
#include <cstring>

#include "base/secret.h"
#include "io/tls/socket_bio.h"

namespace strongroom::io {
namespace {

using Outcome = Attempt::Outcome;

Attempt attempt_of(const SSL* ssl, int result) {
  switch (SSL_get_error(ssl, result)) {
    case SSL_ERROR_NONE:
    case SSL_ERROR_ZERO_RETURN:
      return {Outcome::Done, 0};
    case SSL_ERROR_WANT_READ:
      return {Outcome::WantRead, 0};
    case SSL_ERROR_WANT_WRITE:
      return {Outcome::WantWrite, 0};
    default:
      return {Outcome::Failed, 0};
  }
}

/// An error of something else's would be taken for this one's. Looking costs less than clearing.
void forget_errors() {
  if (ERR_peek_error() != 0) ERR_clear_error();
}

void use_buffers(Stream::State& state) {
  if (state.socket.loop().use_buffers(state))
    SSL_clear_mode(state.ssl.get(), SSL_MODE_RELEASE_BUFFERS);
}

/// A session ticket makes OpenSSL take a buffer for writing, which it does not give back by itself;
/// it may come with an answer's octets.
void let_ticket_go(Stream::State& state) {
  if (!state.keeps_buffers()) SSL_free_buffers(state.ssl.get());
}

/// A record holds this much.
constexpr std::size_t kRecord = 16_KiB;

/// All parts in one record, so in one write; one may hold a key, so what joined them is wiped.
int write_joined(SSL* ssl, const std::array<ByteView, 3>& parts, std::size_t& sent) {
  std::array<std::uint8_t, kRecord> joined;
  std::size_t size = 0;
  for (const ByteView part : parts) {
    std::copy(part.begin(), part.end(), joined.begin() + static_cast<std::ptrdiff_t>(size));
    size += part.size();
  }
  const int result = SSL_write_ex(ssl, joined.data(), size, &sent);
  wipe(joined.data(), size);
  return result;
}

}  // namespace

bool begin_tls(Stream::State& state, SSL_CTX* context) {
  if (state.pair != nullptr) return false;  // its octets are not where OpenSSL looks
  state.ssl.reset(SSL_new(context));
  BIO* bio = state.ssl == nullptr ? nullptr : new_socket_bio(state.socket);
  if (bio == nullptr) return false;
  SSL_set_bio(state.ssl.get(), bio, bio);
  SSL_set_mode(state.ssl.get(), SSL_MODE_RELEASE_BUFFERS);
  return true;
}

bool offer_protocols(SSL* ssl, ProtocolOffer offer) {
  static constexpr std::string_view kHttp1 = "\x08http/1.1";
  static constexpr std::string_view kBoth = "\x02h2\x08http/1.1";
  const ByteView list = bytes_of(offer == ProtocolOffer::Http1 ? kHttp1 : kBoth);
  // Unlike its neighbours, this call answers 0 when it succeeds.
  return SSL_set_alpn_protos(ssl, list.data(), static_cast<unsigned>(list.size())) == 0;
}

Error tls_failure(const Stream::State& state, const char* what) {
  std::string why = tls_errors();
  if (state.timed_out || state.aborted) return state.failure(0, what);
  return {Code::Network, "the TLS connection broke: " + std::move(why)};
}

Task<Status> handshake(Stream::State& state) {
  for (;;) {
    ERR_clear_error();
    SSL* const ssl = state.ssl.get();
    const int result = SSL_do_handshake(ssl);
    if (result == 1) co_return Status();
    const auto attempt = attempt_of(ssl, result);
    if (attempt.outcome == Outcome::Done || attempt.outcome == Outcome::Failed) {
      const long verified = SSL_get_verify_result(ssl);
      const bool has_no_protocol =
          ERR_GET_REASON(ERR_peek_error()) == SSL_R_TLSV1_ALERT_NO_APPLICATION_PROTOCOL;
      const bool is_refused = verified != X509_V_OK;
      std::string why = is_refused ? X509_verify_cert_error_string(verified) : tls_errors();
      std::string_view reason = has_no_protocol ? kNoCommonProtocol : "tls";
      if (is_refused) reason = kCertificateRefused;
      if (state.timed_out) co_return fail(Code::Timeout, "the TLS handshake did not end in time");
      co_return fail(Code::Network, "the TLS handshake failed: " + why, std::string(reason));
    }
    if (attempt.outcome == Outcome::WantRead) {
      co_await state.socket.readable();
    } else {
      co_await state.socket.writable();
    }
    if (!state.socket.is_open()) co_return std::unexpected(state.failure(0, "the TLS handshake"));
  }
}

Attempt try_tls_read(Stream::State& state, MutableBytes into) {
  SSL* const ssl = state.ssl.get();
  forget_errors();
  std::size_t got = 0;
  const int result = SSL_read_ex(ssl, into.data(), into.size(), &got);
  if (result != 1) {
    let_ticket_go(state);
    return attempt_of(ssl, result);
  }
  use_buffers(state);
  // More records may be here already: each call of the caller's would cost it a write.
  while (got < into.size() && SSL_has_pending(ssl) == 1) {
    std::size_t more = 0;
    if (SSL_read_ex(ssl, into.data() + got, into.size() - got, &more) != 1) break;
    got += more;
  }
  let_ticket_go(state);
  return {Outcome::Done, got};
}

Attempt try_tls_write(Stream::State& state, const std::array<ByteView, 3>& parts) {
  std::size_t total = 0;
  std::size_t filled = 0;
  ByteView first;
  for (const ByteView part : parts) {
    if (part.empty()) continue;
    if (filled++ == 0) first = part;
    total += part.size();
  }
  SSL* const ssl = state.ssl.get();
  forget_errors();
  use_buffers(state);
  std::size_t sent = 0;
  const int result = filled > 1 && total <= kRecord
                         ? write_joined(ssl, parts, sent)
                         : SSL_write_ex(ssl, first.data(), first.size(), &sent);
  if (result == 1) return {Outcome::Done, sent};
  const auto attempt = attempt_of(ssl, result);
  return attempt.outcome == Outcome::Done ? Attempt{Outcome::Failed, 0} : attempt;
}

TlsLook tls_look(Stream::State& state) {
  ERR_clear_error();
  state.socket.look_again();
  std::uint8_t octet = 0;
  std::size_t seen = 0;
  const int result = SSL_peek_ex(state.ssl.get(), &octet, 1, &seen);
  if (result == 1) return TlsLook::Octets;
  const auto outcome = attempt_of(state.ssl.get(), result).outcome;
  ERR_clear_error();
  const bool is_open = outcome == Outcome::WantRead || outcome == Outcome::WantWrite;
  return is_open ? TlsLook::Nothing : TlsLook::Ended;
}

}  // namespace strongroom::io
