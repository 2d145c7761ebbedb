// SPDX-License-Identifier: Apache-2.0
#include "io/datagram.h"

#include <sys/socket.h>
#include <unistd.h>
#include <cerrno>
#include <cstring>
#include <utility>

#include "io/dial/resolver.h"
#include "io/unix_address.h"

namespace strongroom::io {
namespace {

std::unexpected<Error> cannot(const std::string& what) {
  return fail(Code::Network, what + ": " + std::strerror(errno));
}

/// -1 where that does not work; errno says why.
int connected(int family, const sockaddr* address, socklen_t size) {
  const int fd = ::socket(family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0 || ::connect(fd, address, size) == 0) return fd;
  const int why = errno;
  ::close(fd);
  errno = why;
  return -1;
}

}  // namespace

Datagram::Datagram(Datagram&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}

Datagram& Datagram::operator=(Datagram&& other) noexcept {
  std::swap(fd_, other.fd_);
  return *this;
}

Datagram::~Datagram() {
  if (fd_ >= 0) ::close(fd_);
}

Result<Datagram> Datagram::to_unix(const std::string& path) {
  STRONGROOM_TRY(const UnixAddress address, UnixAddress::of(path));
  const int fd = connected(AF_UNIX, address.get(), UnixAddress::size());
  if (fd < 0) return cannot("cannot connect to " + path);
  return Datagram(fd);
}

Status Datagram::send(ByteView message) const {
  ssize_t sent = 0;
  do {
    sent = ::send(fd_, message.data(), message.size(), MSG_NOSIGNAL);
  } while (sent < 0 && errno == EINTR);
  if (sent >= 0) return {};
  if (errno == EAGAIN || errno == EWOULDBLOCK || errno == ENOBUFS)
    return fail(Code::Unavailable, "the receiver does not read its messages",
                std::string(kDatagramsFull));
  if (errno == EMSGSIZE) return fail(Code::TooLarge, "the message is too long for one datagram");
  return cannot("a message could not be sent");
}

Task<Result<Datagram>> dial_udp(Loop& loop, std::string host, std::uint16_t port,
                                Deadline deadline) {
  const auto found = co_await resolve(loop, host, port, deadline);
  if (!found) co_return std::unexpected(found.error());
  for (const ResolvedAddress& each : *found) {
    const auto* address = reinterpret_cast<const sockaddr*>(&each.storage);
    const int fd = connected(each.storage.ss_family, address, each.size);
    if (fd >= 0) co_return Datagram(fd);
  }
  co_return fail(Code::Network, "there is no way to " + host);
}

}  // namespace strongroom::io
