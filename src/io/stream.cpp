// SPDX-License-Identifier: Apache-2.0
#include "io/stream.h"

#include <array>
#include <boost/asio/buffer.hpp>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <sys/socket.h>
#include <unistd.h>

#include "io/addresses.h"
#include "io/stream_state.h"
#include "io/stream_tls.h"

namespace strongroom::io {
namespace {

asio::const_buffer as_buffer(ByteView bytes) { return {bytes.data(), bytes.size()}; }

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
  Socket socket(loop.context());
  boost::system::error_code error;
  socket.assign(
      asio::generic::stream_protocol(local.ss_family, local.ss_family == AF_UNIX ? 0 : IPPROTO_TCP),
      fd, error);
  if (error) {
    ::close(fd);
    return fail(Code::Network, "not a usable socket: " + error.message());
  }
  auto state = std::make_unique<State>(loop, std::move(socket));
  sockaddr_storage remote{};
  size = sizeof(remote);
  if (::getpeername(fd, reinterpret_cast<sockaddr*>(&remote), &size) != 0)
    remote.ss_family = local.ss_family;
  fill_peer(fd, remote, state->peer);
  return Stream(std::move(state));
}

Task<Result<std::size_t>> Stream::read_some(MutableBytes into) {
  State& state = *state_;
  if (state.ssl != nullptr) co_return co_await tls_read(state, into);
  const auto buffer = asio::buffer(into.data(), into.size());
  const auto [error, got] = co_await state.socket.async_read_some(buffer, kAwait);
  if (!error) co_return got;
  if (error == asio::error::eof) co_return std::size_t{0};
  co_return std::unexpected(state.failure(error, "reading"));
}

Task<Status> Stream::write_all(ByteView from) {
  State& state = *state_;
  if (state.ssl != nullptr) co_return co_await tls_write(state, from);
  while (!from.empty()) {
    const auto buffer = as_buffer(from);
    const auto [error, sent] = co_await state.socket.async_write_some(buffer, kAwait);
    if (error) co_return std::unexpected(state.failure(error, "writing"));
    from = from.subspan(sent);
  }
  co_return Status();
}

Task<Status> Stream::write_all(ByteView first, ByteView second) {
  State& state = *state_;
  if (state.ssl != nullptr) co_return co_await tls_write(state, first, second);
  while (!first.empty()) {
    const auto buffers = std::array{as_buffer(first), as_buffer(second)};
    const auto [error, sent] = co_await state.socket.async_write_some(buffers, kAwait);
    if (error) co_return std::unexpected(state.failure(error, "writing"));
    const std::size_t of_first = std::min(sent, first.size());
    first = first.subspan(of_first);
    second = second.subspan(sent - of_first);
  }
  co_return co_await write_all(second);
}

Task<Status> Stream::wait_readable() {
  State& state = *state_;
  if (state.ssl != nullptr && SSL_has_pending(state.ssl.get()) == 1) co_return Status();
  const auto [error] = co_await state.socket.async_wait(Socket::wait_read, kAwait);
  if (error) co_return std::unexpected(state.failure(error, "waiting"));
  co_return Status();
}

void Stream::watch_readable(std::function<void()> on_readable) {
  state_->on_readable = std::move(on_readable);
  if (state_->is_watching || !state_->socket.is_open()) return;
  state_->is_watching = true;
  state_->socket.async_wait(Socket::wait_read,
                            [self = state_->self](const boost::system::error_code& error) {
                              State* state = *self;
                              if (state == nullptr) return;
                              state->is_watching = false;
                              if (error || !state->on_readable) return;
                              const auto call = std::exchange(state->on_readable, nullptr);
                              call();
                            });
}

bool Stream::has_peer_ended() const {
  if (!state_->socket.is_open()) return true;
  if (state_->ssl != nullptr) return tls_look(*state_) == TlsLook::Ended;
  std::uint8_t octet = 0;
  const ssize_t got = ::recv(state_->socket.native_handle(), &octet, 1, MSG_PEEK | MSG_DONTWAIT);
  return got == 0 || (got < 0 && errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR);
}

Task<Result<std::uint8_t>> Stream::peek_first() {
  State& state = *state_;
  for (;;) {
    const auto [error] = co_await state.socket.async_wait(Socket::wait_read, kAwait);
    if (error) co_return std::unexpected(state.failure(error, "waiting"));
    std::uint8_t octet = 0;
    const ssize_t got = ::recv(state.socket.native_handle(), &octet, 1, MSG_PEEK);
    if (got == 1) co_return octet;
    if (got == 0) co_return fail(Code::Network, "the connection ended before it began");
    if (errno != EAGAIN && errno != EINTR)
      co_return fail(Code::Network, std::string("waiting failed: ") + std::strerror(errno));
  }
}

bool Stream::is_stale() const {
  if (!state_->socket.is_open()) return true;
  // TLS 1.3 sends session tickets unasked: those are taken in and are no harm.
  if (state_->ssl != nullptr) return tls_look(*state_) != TlsLook::Nothing;
  std::uint8_t octet = 0;
  const ssize_t got = ::recv(state_->socket.native_handle(), &octet, 1, MSG_PEEK | MSG_DONTWAIT);
  return got >= 0 || (errno != EAGAIN && errno != EWOULDBLOCK);
}

Task<Status> Stream::start_tls_server(const TlsServer& tls) {
  if (!begin_tls(*state_, tls.state().context.get()))
    co_return fail(Code::Internal, "no memory for TLS");
  SSL_set_accept_state(state_->ssl.get());
  co_return co_await handshake(*state_);
}

Task<Status> Stream::start_tls_client(const TlsClient& tls, std::string host) {
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
  if (const auto known = shared.sessions.find(host); known != shared.sessions.end())
    SSL_set_session(ssl, known->second.get());
  const auto done = co_await handshake(*state_);
  if (!done) shared.sessions.erase(host);
  co_return done;
}

Task<Status> Stream::finish_writing() {
  State& state = *state_;
  if (!state.socket.is_open()) co_return Status();
  if (state.ssl != nullptr) {
    ERR_clear_error();
    (void)SSL_shutdown(state.ssl.get());
  }
  boost::system::error_code error;
  state.socket.shutdown(Socket::shutdown_send, error);
  if (error && error != asio::error::not_connected)
    co_return std::unexpected(state.failure(error, "ending"));
  co_return Status();
}

void Stream::set_deadline(Deadline deadline) { state_->loop.watch(*state_, deadline); }

void Stream::abort() noexcept {
  if (state_ == nullptr) return;
  state_->aborted = true;
  state_->close_now();
}

bool Stream::is_open() const noexcept { return state_ != nullptr && state_->socket.is_open(); }
bool Stream::is_tls() const noexcept { return state_->ssl != nullptr; }
const Peer& Stream::peer() const noexcept { return state_->peer; }
int Stream::native_handle() const noexcept {
  return const_cast<State&>(*state_).socket.native_handle();
}
Loop& Stream::loop() const noexcept { return state_->loop; }

}  // namespace strongroom::io
