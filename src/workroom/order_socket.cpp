// SPDX-License-Identifier: Apache-2.0
#include "workroom/order_socket.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>
#include <cerrno>
#include <csignal>

#include "io/net.h"

namespace strongroom::workroom {
namespace {

constexpr std::chrono::milliseconds kLook{2};

bool is_of(int fd, pid_t expected) {
  ucred peer{};
  socklen_t size = sizeof(peer);
  return ::getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0 && peer.pid == expected;
}

}  // namespace

OrderSocket::~OrderSocket() {
  if (!path_.empty()) ::unlink(path_.c_str());
}

Status OrderSocket::listen(const std::string& path) {
  STRONGROOM_TRY(const int fd, io::listen_unix(path));
  path_ = path;
  return descriptor_.open(fd);
}

io::Task<Result<int>> OrderSocket::accept(pid_t expected, Deadline deadline) {
  io::Loop& loop = descriptor_.loop();
  while (!deadline.has_passed(loop.clock().steady())) {
    const int fd = ::accept4(descriptor_.fd(), nullptr, nullptr, SOCK_CLOEXEC);
    if (fd >= 0 && is_of(fd, expected)) {
      ::unlink(path_.c_str());
      path_.clear();
      descriptor_.close();
      co_return fd;
    }
    if (fd >= 0) {
      ::close(fd);
      continue;
    }
    if (::kill(expected, 0) != 0 && errno == ESRCH)
      co_return fail(Code::Unavailable, "the workroom's first process ended before it began");
    co_await loop.sleep(kLook);
  }
  co_return fail(Code::Timeout, "the workroom's first process did not ask for its order");
}

}  // namespace strongroom::workroom
