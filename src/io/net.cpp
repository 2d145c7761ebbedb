// SPDX-License-Identifier: Apache-2.0
#include "io/net.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cerrno>
#include <charconv>
#include <cstring>

#include "io/descriptor.h"
#include "io/dial/addresses.h"
#include "io/dial/race.h"
#include "io/dial/resolver.h"
#include "io/unix_address.h"

namespace strongroom::io {
namespace {

constexpr std::chrono::milliseconds kExhaustedPause{100};

std::string reason() {
  return std::strerror(errno);
}

Result<sockaddr_storage> numeric_address(const Endpoint& endpoint, socklen_t& size) {
  sockaddr_storage storage{};
  sockaddr_in v4{};
  v4.sin_family = AF_INET;
  v4.sin_port = htons(endpoint.port);
  sockaddr_in6 v6{};
  v6.sin6_family = AF_INET6;
  v6.sin6_port = htons(endpoint.port);
  if (::inet_pton(AF_INET, endpoint.host.c_str(), &v4.sin_addr) == 1) {
    std::memcpy(&storage, &v4, size = sizeof(v4));
    return storage;
  }
  if (::inet_pton(AF_INET6, endpoint.host.c_str(), &v6.sin6_addr) == 1) {
    std::memcpy(&storage, &v6, size = sizeof(v6));
    return storage;
  }
  return fail(Code::Invalid, "'" + endpoint.host + "' is not a numeric address");
}

Result<int> bound_socket(int family, const sockaddr* address, socklen_t size,
                         const std::string& name) {
  const int fd = ::socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) return fail(Code::Network, "no socket can be made: " + reason());
  const int on = 1;
  ::setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
  if (::bind(fd, address, size) != 0 || ::listen(fd, 4096) != 0) {
    const std::string why = reason();
    ::close(fd);
    return fail(Code::Network, "cannot listen at " + name + ": " + why);
  }
  return fd;
}

}  // namespace

std::string Endpoint::text() const {
  return (host.find(':') == std::string::npos ? host : "[" + host + "]") + ":" +
         std::to_string(port);
}

Result<Endpoint> parse_endpoint(std::string_view text) {
  const auto wrong = [&] {
    return fail(Code::Invalid, "'" + std::string(text) + "' is not ADDRESS:PORT");
  };
  const auto colon = text.rfind(':');
  if (colon == std::string_view::npos || colon == 0 || colon + 1 == text.size()) return wrong();
  Endpoint endpoint;
  std::string_view host = text.substr(0, colon);
  const std::string_view port = text.substr(colon + 1);
  if (host.starts_with('[') != host.ends_with(']')) return wrong();
  if (host.starts_with('['))
    host = host.substr(1, host.size() - 2);
  else if (host.find(':') != std::string_view::npos)
    return wrong();
  const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), endpoint.port);
  if (error != std::errc() || end != port.data() + port.size() || host.empty()) return wrong();
  endpoint.host = std::string(host);
  return endpoint;
}

Result<BoundSocket> listen_tcp(const Endpoint& endpoint) {
  Endpoint numeric = endpoint;
  if (numeric.host == "localhost") numeric.host = "127.0.0.1";
  socklen_t size = 0;
  STRONGROOM_TRY(const sockaddr_storage address, numeric_address(numeric, size));
  STRONGROOM_TRY(const int fd,
                 bound_socket(address.ss_family, reinterpret_cast<const sockaddr*>(&address), size,
                              endpoint.text()));
  sockaddr_storage actual{};
  socklen_t actual_size = sizeof(actual);
  ::getsockname(fd, reinterpret_cast<sockaddr*>(&actual), &actual_size);
  auto bound = parse_endpoint(text_of_address(actual));
  if (!bound) {
    ::close(fd);
    return std::unexpected(std::move(bound).error());
  }
  return BoundSocket{fd, *bound};
}

Result<int> listen_unix(const std::string& path) {
  STRONGROOM_TRY(const UnixAddress address, UnixAddress::of(path));
  ::unlink(path.c_str());
  // Between bind and chmod nobody else may connect: the mask closes the gap.
  const mode_t before = ::umask(0177);
  auto fd = bound_socket(AF_UNIX, address.get(), UnixAddress::size(), path);
  ::umask(before);
  return fd;
}

struct Acceptor::State {
  State(Loop& owner, std::function<void(Stream)> call)
      : loop(owner), listening(owner), pause_over(owner), on_stream(std::move(call)) {}
  Loop& loop;
  Descriptor listening;
  Event pause_over;
  std::function<void(Stream)> on_stream;
  bool is_stopped = false;

  static Task<void> run(std::shared_ptr<State> state) {
    while (!state->is_stopped) {
      co_await state->listening.readable();
      if (state->is_stopped) co_return;
      if (state->accept_waiting()) {
        co_await state->loop.yield();
        continue;
      }
      // No descriptors left: wait for some to be closed, and go on (threats.md N5).
      const auto deadline = Deadline::after(state->loop.clock(), kExhaustedPause);
      co_await state->pause_over.wait_until(deadline);
    }
  }

  /// All that wait, at most a batch. False when descriptors have run out.
  bool accept_waiting() {
    for (int i = 0; i < 64 && !is_stopped; ++i) {
      const int fd = ::accept4(listening.fd(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
      if (fd < 0) {
        if (errno == EAGAIN || errno == EWOULDBLOCK) listening.drained();
        return errno != EMFILE && errno != ENFILE && errno != ENOBUFS && errno != ENOMEM;
      }
      auto stream = Stream::adopt(loop, fd);
      if (stream) on_stream(std::move(*stream));
    }
    return true;
  }
};

Acceptor::Acceptor(Loop& loop, int fd, std::function<void(Stream)> on_stream)
    : state_(std::make_shared<State>(loop, std::move(on_stream))) {
  if (state_->listening.open(fd)) loop.spawn(State::run(state_));
}
Acceptor::~Acceptor() {
  stop();
}

void Acceptor::stop() {
  state_->is_stopped = true;
  state_->listening.close();
  state_->pause_over.set();
}

Task<Result<Stream>> dial_tcp(Loop& loop, std::string host, std::uint16_t port,
                              PrivateAddresses policy, Deadline deadline, DialHint hint) {
  auto found = co_await resolve(loop, host, port, deadline);
  if (!found) co_return std::unexpected(std::move(found).error());
  auto plan = plan_dial(*found, policy, hint);
  co_return co_await dial_first(loop, std::move(plan), deadline, std::move(host));
}

Task<Result<Stream>> dial_tcp(Loop& loop, std::string host, std::uint16_t port,
                              PrivateAddresses policy, Deadline deadline) {
  return dial_tcp(loop, std::move(host), port, policy, deadline, DialHint());
}

Task<Status> check_public(Loop& loop, std::string host, std::uint16_t port, Deadline deadline) {
  const auto found = co_await resolve(loop, std::move(host), port, deadline);
  if (!found || plan_dial(*found, PrivateAddresses::Refuse, DialHint()).refused == 0)
    co_return Status();
  co_return fail(Code::Refused, "the name leads to a private address, or to this machine",
                 "private_address");
}

Task<Result<Stream>> dial_unix(Loop& loop, std::string path) {
  const auto address = UnixAddress::of(path);
  if (!address) co_return std::unexpected(address.error());
  const int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) co_return fail(Code::Network, "no socket can be made: " + reason());
  // Connected at once or not at all: such sockets have no handshake (unix(7)).
  int result = 0;
  do {
    result = ::connect(fd, address->get(), UnixAddress::size());
  } while (result != 0 && errno == EINTR);
  if (result == 0) co_return Stream::adopt(loop, fd);
  const std::string why = reason();
  ::close(fd);
  co_return fail(Code::Network, "cannot connect to " + path + ": " + why);
}

namespace {

/// The octets of an address; IPv4 as they stand in IPv6 (RFC 4291 2.5.5.2).
std::array<std::uint8_t, 16> octets_of(const sockaddr_storage& address) {
  std::array<std::uint8_t, 16> out{};
  if (address.ss_family == AF_INET6) {
    const auto& six = reinterpret_cast<const sockaddr_in6&>(address);
    std::copy_n(six.sin6_addr.s6_addr, out.size(), out.begin());
  } else {
    const auto& four = reinterpret_cast<const sockaddr_in&>(address);
    out[10] = out[11] = 0xff;
    std::memcpy(&out[12], &four.sin_addr, sizeof(four.sin_addr));
  }
  return out;
}

bool is_loopback(const std::array<std::uint8_t, 16>& address) {
  std::array<std::uint8_t, 16> one{};
  one[15] = 1;
  const bool is_mapped = address[10] == 0xff && address[11] == 0xff && address[12] == 127 &&
                         std::all_of(address.begin(), address.begin() + 10,
                                     [](std::uint8_t octet) { return octet == 0; });
  return address == one || is_mapped;
}

}  // namespace

bool is_within_machine(int fd) noexcept {
  sockaddr_storage ours{};
  sockaddr_storage theirs{};
  socklen_t size = sizeof(ours);
  if (::getsockname(fd, reinterpret_cast<sockaddr*>(&ours), &size) != 0) return false;
  if (ours.ss_family == AF_UNIX) return true;
  size = sizeof(theirs);
  if (::getpeername(fd, reinterpret_cast<sockaddr*>(&theirs), &size) != 0) return false;
  const auto from = octets_of(theirs);
  return is_loopback(from) || from == octets_of(ours);
}

Result<SocketPair> socket_pair() {
  int pair[2];
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair) != 0)
    return fail(Code::Network, "no socket pair can be made: " + reason());
  return SocketPair{pair[0], pair[1]};
}

}  // namespace strongroom::io
