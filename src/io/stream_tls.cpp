// SPDX-License-Identifier: Apache-2.0
#include "io/stream_tls.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <openssl/err.h>
#include <openssl/x509v3.h>

#include "base/secret.h"

namespace strongroom::io {
namespace {

enum class TlsStep : std::uint8_t { Done, WantRead, WantWrite, End, Failed };

TlsStep step_of(const SSL* ssl, int result) {
  switch (SSL_get_error(ssl, result)) {
    case SSL_ERROR_NONE: return TlsStep::Done;
    case SSL_ERROR_WANT_READ: return TlsStep::WantRead;
    case SSL_ERROR_WANT_WRITE: return TlsStep::WantWrite;
    case SSL_ERROR_ZERO_RETURN: return TlsStep::End;
    default: return TlsStep::Failed;
  }
}

/// Waits for the direction that TLS wants.
Task<boost::system::error_code> wait_for(Stream::State& state, TlsStep step) {
  const auto direction = step == TlsStep::WantRead ? Socket::wait_read : Socket::wait_write;
  const auto [error] = co_await state.socket.async_wait(direction, kAwait);
  if (step == TlsStep::WantRead) state.end.is_drained = false;
  co_return error;
}

Error tls_failure(const Stream::State& state, const char* what) {
  std::string why = tls_errors();
  if (state.timed_out || state.aborted) return state.failure({}, what);
  return {Code::Network, "the TLS connection broke: " + std::move(why)};
}

/// A record holds this much.
constexpr std::size_t kRecord = 16_KiB;

/// Both parts in one record, so in one write; `first` may hold a key, so what joined them is wiped.
int write_joined(SSL* ssl, ByteView first, ByteView second, std::size_t& sent) {
  std::array<std::uint8_t, kRecord> joined;
  std::memcpy(joined.data(), first.data(), first.size());
  std::memcpy(joined.data() + first.size(), second.data(), second.size());
  const int result = SSL_write_ex(ssl, joined.data(), first.size() + second.size(), &sent);
  wipe(joined.data(), first.size());
  return result;
}

}  // namespace

bool begin_tls(Stream::State& state, SSL_CTX* context) {
  state.ssl.reset(SSL_new(context));
  state.end = SocketEnd();
  if (state.socket.is_open()) state.end.fd = state.socket.native_handle();
  BIO* bio = state.ssl == nullptr ? nullptr : new_socket_bio(state.end);
  if (bio == nullptr) return false;
  SSL_set_bio(state.ssl.get(), bio, bio);
  return true;
}

Task<Status> handshake(Stream::State& state) {
  for (;;) {
    ERR_clear_error();
    const auto step = step_of(state.ssl.get(), SSL_do_handshake(state.ssl.get()));
    if (step == TlsStep::Done) co_return Status();
    if (step == TlsStep::End || step == TlsStep::Failed) {
      const long verified = SSL_get_verify_result(state.ssl.get());
      std::string why = verified == X509_V_OK
                            ? tls_errors()
                            : std::string(X509_verify_cert_error_string(verified));
      if (state.timed_out) co_return fail(Code::Timeout, "the TLS handshake did not end in time");
      co_return fail(Code::Network, "the TLS handshake failed: " + why, "tls");
    }
    const auto error = co_await wait_for(state, step);
    if (error) co_return std::unexpected(state.failure(error, "the TLS handshake"));
  }
}

Task<Result<std::size_t>> tls_read(Stream::State& state, MutableBytes into) {
  for (;;) {
    ERR_clear_error();
    std::size_t got = 0;
    const auto step = step_of(
        state.ssl.get(), SSL_read_ex(state.ssl.get(), into.data(), into.size(), &got) == 1 ? 1 : 0);
    if (got > 0) {
      // More records may be here already: each call of the caller's would cost it a write.
      while (got < into.size() && SSL_has_pending(state.ssl.get()) == 1) {
        std::size_t more = 0;
        if (SSL_read_ex(state.ssl.get(), into.data() + got, into.size() - got, &more) != 1) break;
        got += more;
      }
      co_return got;
    }
    if (step == TlsStep::End) co_return std::size_t{0};
    if (step == TlsStep::Failed) co_return std::unexpected(tls_failure(state, "reading"));
    const auto error = co_await wait_for(state, step);
    if (error) co_return std::unexpected(state.failure(error, "reading"));
  }
}

Task<Status> tls_write(Stream::State& state, ByteView from) {
  while (!from.empty()) {
    ERR_clear_error();
    std::size_t sent = 0;
    const auto step =
        step_of(state.ssl.get(),
                SSL_write_ex(state.ssl.get(), from.data(), from.size(), &sent) == 1 ? 1 : 0);
    if (sent > 0) {
      from = from.subspan(sent);
      continue;
    }
    if (step == TlsStep::End || step == TlsStep::Failed)
      co_return std::unexpected(tls_failure(state, "writing"));
    const auto error = co_await wait_for(state, step);
    if (error) co_return std::unexpected(state.failure(error, "writing"));
  }
  co_return Status();
}

Task<Status> tls_write(Stream::State& state, ByteView first, ByteView second) {
  if (first.size() + second.size() > kRecord) {
    const auto begun = co_await tls_write(state, first);
    if (!begun) co_return begun;
    co_return co_await tls_write(state, second);
  }
  while (!first.empty() && !second.empty()) {
    ERR_clear_error();
    std::size_t sent = 0;
    const auto step =
        step_of(state.ssl.get(), write_joined(state.ssl.get(), first, second, sent) == 1 ? 1 : 0);
    const std::size_t of_first = std::min(sent, first.size());
    first = first.subspan(of_first);
    second = second.subspan(sent - of_first);
    if (sent > 0) continue;
    if (step == TlsStep::End || step == TlsStep::Failed)
      co_return std::unexpected(tls_failure(state, "writing"));
    const auto error = co_await wait_for(state, step);
    if (error) co_return std::unexpected(state.failure(error, "writing"));
  }
  const auto done = co_await tls_write(state, first);
  if (!done) co_return done;
  co_return co_await tls_write(state, second);
}

TlsLook tls_look(Stream::State& state) {
  ERR_clear_error();
  state.end.is_drained = false;
  std::uint8_t octet = 0;
  std::size_t seen = 0;
  const auto step =
      step_of(state.ssl.get(), SSL_peek_ex(state.ssl.get(), &octet, 1, &seen) == 1 ? 1 : 0);
  if (seen > 0) return TlsLook::Octets;
  const bool is_open = step == TlsStep::WantRead || step == TlsStep::WantWrite;
  ERR_clear_error();
  return is_open ? TlsLook::Nothing : TlsLook::Ended;
}

}  // namespace strongroom::io
