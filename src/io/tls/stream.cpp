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

/// In a row, of records that bring nothing to whoever reads. A few tickets (RFC 8446 4.6.1) come
/// so, and new keys once in millions of records.
constexpr unsigned kMostWithoutContent = 64;

/// OpenSSL goes on within one read for as long as such records come, and each costs more than it
/// cost its sender, who may have made them beforehand: this ends the read, and with it the
/// connection.
void count_record(int is_written, int, int type, const void*, std::size_t, SSL* ssl, void* of) {
  if (is_written != 0 || type != SSL3_RT_HEADER) return;
  auto& state = *static_cast<Stream::State*>(of);
  if (++state.records_without_content > kMostWithoutContent)
    SSL_set_shutdown(ssl, SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
}

/// A handshake may come in as many records as its sender likes; it is bounded by itself.
void begin_counting(Stream::State& state) {
  SSL_set_msg_callback_arg(state.ssl.get(), &state);
  SSL_set_msg_callback(state.ssl.get(), count_record);
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
  if (state.records_without_content > kMostWithoutContent) why = "too many records without content";
  return {Code::Network, "the TLS connection broke: " + std::move(why)};
}

Task<Status> handshake(Stream::State& state) {
  for (;;) {
    ERR_clear_error();
    SSL* const ssl = state.ssl.get();
    const int result = SSL_do_handshake(ssl);
    if (result == 1) {
      begin_counting(state);
      co_return Status();
    }
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
    state.records_without_content = 0;
    if (SSL_read_ex(ssl, into.data() + got, into.size() - got, &more) != 1) break;
    got += more;
  }
  state.records_without_content = 0;
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
