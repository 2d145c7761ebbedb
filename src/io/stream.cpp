// SPDX-License-Identifier: Apache-2.0
#include "io/stream.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>
#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include "io/dial/addresses.h"
#include "io/stream_joined.h"
#include "io/stream_state.h"
#include "io/tls/client_state.h"
#include "io/tls/stream.h"

namespace strongroom::io {
namespace {

using Outcome = Attempt::Outcome;

/// errno after a call that moved nothing.
Attempt attempt_of_error(Descriptor& socket, Outcome would_wait) {
  if (errno == EINTR || errno == EAGAIN || errno == EWOULDBLOCK) {
    if (errno != EINTR) would_wait == Outcome::WantRead ? socket.drained() : socket.filled();
    return {would_wait, 0};
  }
  return {Outcome::Failed, 0};
}

Attempt try_read(Stream::State& state, MutableBytes into) {
  if (state.ssl != nullptr) return try_tls_read(state, into);
  if (state.pair != nullptr) return try_joined_read(state, into);
  const ssize_t got = ::recv(state.socket.fd(), into.data(), into.size(), 0);
  if (got < 0) return attempt_of_error(state.socket, Outcome::WantRead);
  const auto octets = static_cast<std::size_t>(got);
  if (octets < into.size()) state.socket.drained();
  return {Outcome::Done, octets};
}

/// TLS may hold octets that the socket no longer has, or have read the peer's end behind them.
bool tls_holds_more(const Stream::State& state) {
  return state.ssl != nullptr && (SSL_has_pending(state.ssl.get()) == 1 ||
                                  (SSL_get_shutdown(state.ssl.get()) & SSL_RECEIVED_SHUTDOWN) != 0);
}

bool is_worth_reading(const Stream::State& state) {
  return state.socket.may_read() || tls_holds_more(state);
}

/// At most three parts; the last may be empty.
using Parts = std::array<ByteView, 3>;

Attempt try_write(Stream::State& state, const Parts& parts) {
  if (state.ssl != nullptr) return try_tls_write(state, parts);
  if (state.pair != nullptr) return try_joined_write(state, parts);
  std::array<iovec, 3> places{};
  msghdr message{};
  message.msg_iov = places.data();
  for (const ByteView part : parts)
    if (!part.empty())
      places[message.msg_iovlen++] = {const_cast<std::uint8_t*>(part.data()), part.size()};
  const ssize_t sent = ::sendmsg(state.socket.fd(), &message, MSG_NOSIGNAL);
  if (sent < 0) return attempt_of_error(state.socket, Outcome::WantWrite);
  return {Outcome::Done, static_cast<std::size_t>(sent)};
}

/// The next octet, which stays where it is.
ssize_t peek(const Stream::State& state, std::uint8_t& octet) {
  if (state.pair != nullptr) return peek_joined(state, octet);
  return ::recv(state.socket.fd(), &octet, 1, MSG_PEEK);
}

/// Octets, the end or an error wait to be read. After a whole buffer was read only a look tells.
bool has_news(Stream::State& state) {
  if (tls_holds_more(state)) return true;
  if (!state.socket.may_read()) return false;
  std::uint8_t octet = 0;
  return peek(state, octet) >= 0 ||
         attempt_of_error(state.socket, Outcome::WantRead).outcome == Outcome::Failed;
}

Error failure_of(const Stream::State& state, const char* what) {
  return state.ssl != nullptr && state.socket.is_open() ? tls_failure(state, what)
                                                        : state.failure(errno, what);
}

void fill_peer(int fd, const sockaddr_storage& address, Peer& peer) {
  if (address.ss_family != AF_UNIX) {
    peer.address = text_of_address(address);
    return;
  }
  peer.address = "unix";
  ucred credentials{};
  socklen_t size = sizeof(credentials);
  if (::getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &credentials, &size) != 0) return;
  peer.unix_uid = static_cast<int>(credentials.uid);
  peer.unix_pid = credentials.pid;
}

}  // namespace

Stream::Stream(std::unique_ptr<State> state) : state_(std::move(state)) {}
Stream::Stream(Stream&&) noexcept = default;
Stream& Stream::operator=(Stream&&) noexcept = default;
Stream::~Stream() = default;

Result<Stream> Stream::adopt(Loop& loop, int fd) {
  sockaddr_storage local{};
  socklen_t size = sizeof(local);
  const int flags = ::fcntl(fd, F_GETFL);
  if (::getsockname(fd, reinterpret_cast<sockaddr*>(&local), &size) != 0 ||
      ::fcntl(fd, F_SETFL, flags | O_NONBLOCK) != 0 || ::fcntl(fd, F_SETFD, FD_CLOEXEC) != 0) {
    ::close(fd);
    return fail(Code::Network, std::string("not a usable socket: ") + std::strerror(errno));
  }
  if (local.ss_family != AF_UNIX) {
    const int on = 1;
    ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
  }
  auto state = std::make_unique<State>(loop);
  STRONGROOM_CHECKED(state->socket.open(fd));
  sockaddr_storage remote{};
  size = sizeof(remote);
  if (::getpeername(fd, reinterpret_cast<sockaddr*>(&remote), &size) != 0)
    remote.ss_family = local.ss_family;
  fill_peer(fd, remote, state->peer);
  return Stream(std::move(state));
}

Task<Result<std::size_t>> Stream::read_some(MutableBytes into) {
  State& state = *state_;
  if (state.socket.loop().is_share_spent()) co_await state.socket.loop().yield();
  for (;;) {
    if (!state.socket.is_open()) co_return std::unexpected(state.failure(0, "reading"));
    const auto attempt =
        is_worth_reading(state) ? try_read(state, into) : Attempt{Outcome::WantRead, 0};
    if (attempt.outcome == Outcome::Done) co_return attempt.octets;
    if (attempt.outcome == Outcome::Failed) co_return std::unexpected(failure_of(state, "reading"));
    if (attempt.outcome == Outcome::WantRead) {
      co_await state.socket.readable();
    } else {
      co_await state.socket.writable();
    }
  }
}

Task<Result<std::size_t>> Stream::read_some(ReadRoom& room) {
  State& state = *state_;
  if (state.socket.loop().is_share_spent()) co_await state.socket.loop().yield();
  for (;;) {
    if (!state.socket.is_open()) co_return std::unexpected(state.failure(0, "reading"));
    auto attempt = Attempt{Outcome::WantRead, 0};
    if (is_worth_reading(state)) attempt = try_read(state, room.take());
    if (attempt.outcome == Outcome::Done) co_return attempt.octets;
    if (attempt.outcome == Outcome::Failed) co_return std::unexpected(failure_of(state, "reading"));
    room.give_back();
    if (attempt.outcome == Outcome::WantRead) {
      co_await state.socket.readable();
    } else {
      co_await state.socket.writable();
    }
  }
}

Task<Status> Stream::write_all(ByteView from) {
  return write_all(from, ByteView());
}

Task<Status> Stream::write_all(ByteView first, ByteView second, ByteView third) {
  State& state = *state_;
  Parts parts{first, second, third};
  while (!parts[0].empty() || !parts[1].empty() || !parts[2].empty()) {
    if (!state.socket.is_open()) co_return std::unexpected(state.failure(0, "writing"));
    const auto attempt = try_write(state, parts);
    std::size_t sent = attempt.octets;
    for (ByteView& part : parts) {
      const std::size_t of_this = std::min(sent, part.size());
      part = part.subspan(of_this);
      sent -= of_this;
    }
    if (attempt.outcome == Outcome::Failed) co_return std::unexpected(failure_of(state, "writing"));
    if (attempt.outcome == Outcome::WantRead) co_await state.socket.readable();
    if (attempt.outcome == Outcome::WantWrite) co_await state.socket.writable();
  }
  co_return Status();
}

Task<Status> Stream::wait_readable() {
  State& state = *state_;
  if (tls_holds_more(state)) co_return Status();
  while (state.socket.is_open()) {
    if (has_news(state)) co_return Status();
    co_await state.socket.readable();
  }
  co_return std::unexpected(state.failure(0, "waiting"));
}

void Stream::watch_readable(std::function<void()> on_readable) {
  State& state = *state_;
  if (!state.socket.is_open()) return;
  // What came before is not reported again.
  if (has_news(state)) return on_readable();
  state.socket.call_when_readable(std::move(on_readable));
}

bool Stream::has_peer_ended() const {
  if (!state_->socket.is_open()) return true;
  if (state_->ssl != nullptr) return tls_look(*state_) == TlsLook::Ended;
  std::uint8_t octet = 0;
  const ssize_t got = peek(*state_, octet);
  return got == 0 || (got < 0 && errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR);
}

Task<Result<std::uint8_t>> Stream::peek_first() {
  State& state = *state_;
  for (;;) {
    if (!state.socket.is_open()) co_return std::unexpected(state.failure(0, "waiting"));
    std::uint8_t octet = 0;
    const ssize_t got = peek(state, octet);
    if (got == 1) co_return octet;
    if (got == 0) co_return fail(Code::Network, "the connection ended before it began");
    const auto attempt = attempt_of_error(state.socket, Outcome::WantRead);
    if (attempt.outcome == Outcome::Failed)
      co_return std::unexpected(state.failure(errno, "waiting"));
    co_await state.socket.readable();
  }
}

bool Stream::is_stale() const {
  if (!state_->socket.is_open()) return true;
  // TLS 1.3 sends session tickets unasked: those are taken in and are no harm.
  if (state_->ssl != nullptr) return tls_look(*state_) != TlsLook::Nothing;
  std::uint8_t octet = 0;
  const ssize_t got = peek(*state_, octet);
  return got >= 0 || (errno != EAGAIN && errno != EWOULDBLOCK);
}

bool Stream::may_hold_octets() const {
  return is_worth_reading(*state_);
}

Task<Status> Stream::start_tls_server(const TlsServer& tls) {
  if (!begin_tls(*state_, tls.state().context.get()))
    co_return fail(Code::Internal, "no memory for TLS");
  SSL_set_accept_state(state_->ssl.get());
  co_return co_await handshake(*state_);
}

Task<Result<std::string>> Stream::read_server_name(const TlsServer& undecided) {
  State& state = *state_;
  if (!begin_tls(state, undecided.state().context.get()))
    co_return fail(Code::Internal, "no memory for TLS");
  state.wish = std::make_unique<ServerNameWish>();
  SSL* const ssl = state.ssl.get();
  SSL_set_app_data(ssl, state.wish.get());
  SSL_set_accept_state(ssl);
  for (;;) {
    ERR_clear_error();
    const int result = SSL_do_handshake(ssl);
    const int why = SSL_get_error(ssl, result);
    if (why == SSL_ERROR_WANT_CLIENT_HELLO_CB) co_return state.wish->name;
    if (why != SSL_ERROR_WANT_READ)
      co_return std::unexpected(tls_failure(state, "the TLS handshake"));
    co_await state.socket.readable();
    if (!state.socket.is_open()) co_return std::unexpected(state.failure(0, "the TLS handshake"));
  }
}

Task<Status> Stream::continue_tls_server(const TlsServer& chosen) {
  SSL_set_SSL_CTX(state_->ssl.get(), chosen.state().context.get());
  state_->wish->decision = ServerNameWish::Decision::Chosen;
  co_return co_await handshake(*state_);
}

Task<void> Stream::refuse_tls_server(TlsRefusal why) {
  state_->wish->refusal = why;
  state_->wish->decision = ServerNameWish::Decision::Refused;
  (void)co_await handshake(*state_);
}

Task<Status> Stream::start_tls_client(const TlsClient& tls, std::string host, ProtocolOffer offer) {
  TlsClient::State& shared = tls.state();
  if (!begin_tls(*state_, shared.context.get()))
    co_return fail(Code::Internal, "no memory for TLS");
  SSL* ssl = state_->ssl.get();
  SSL_set_connect_state(ssl);
  SSL_set_hostflags(ssl, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
  if (is_address_literal(host)) {
    if (X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), host.c_str()) != 1)
      co_return fail(Code::Internal, "no memory for TLS");
  } else if (SSL_set1_host(ssl, host.c_str()) != 1 ||
             SSL_set_tlsext_host_name(ssl, host.c_str()) != 1) {
    co_return fail(Code::Internal, "no memory for TLS");
  }
  if (!offer_protocols(ssl, offer)) co_return fail(Code::Internal, "no memory for TLS");
  if (const auto session = shared.sessions.take(host)) SSL_set_session(ssl, session.get());
  const auto done = co_await handshake(*state_);
  if (!done) shared.sessions.forget(host);
  co_return done;
}

Task<Status> Stream::finish_writing() {
  State& state = *state_;
  if (!state.socket.is_open()) co_return Status();
  if (state.ssl != nullptr) {
    ERR_clear_error();
    (void)SSL_shutdown(state.ssl.get());
  }
  if (state.pair != nullptr) {
    state.pair->finish(state.side);
    co_return Status();
  }
  if (::shutdown(state.socket.fd(), SHUT_WR) != 0 && errno != ENOTCONN)
    co_return std::unexpected(state.failure(errno, "ending"));
  co_return Status();
}

void Stream::set_deadline(Deadline deadline) {
  loop().watch(*state_, deadline);
}

void Stream::abort() noexcept {
  if (state_ == nullptr) return;
  state_->aborted = true;
  state_->close_now();
}

void Stream::abort(std::uint32_t reason) noexcept {
  if (state_ == nullptr) return;
  state_->aborted = true;
  state_->close_now(reason);
}

std::optional<std::uint32_t> Stream::reason_of_peer() const noexcept {
  if (state_ == nullptr || state_->pair == nullptr) return std::nullopt;
  return state_->pair->reason_of_other(state_->side);
}

bool Stream::has_other_left() const noexcept {
  return state_ != nullptr && state_->pair != nullptr && state_->pair->has_other_left(state_->side);
}

bool Stream::is_open() const noexcept {
  return state_ != nullptr && state_->socket.is_open();
}
bool Stream::is_tls() const noexcept {
  return state_->ssl != nullptr;
}
std::string_view Stream::tls_protocol() const noexcept {
  if (state_->ssl == nullptr) return {};
  const unsigned char* name = nullptr;
  unsigned size = 0;
  SSL_get0_alpn_selected(state_->ssl.get(), &name, &size);
  return {reinterpret_cast<const char*>(name), size};
}
const Peer& Stream::peer() const noexcept {
  return state_->peer;
}
int Stream::native_handle() const noexcept {
  return state_->socket.fd();
}
Loop& Stream::loop() const noexcept {
  return state_->socket.loop();
}

}  // namespace strongroom::io
