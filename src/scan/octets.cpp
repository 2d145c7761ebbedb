// SPDX-License-Identifier: Apache-2.0
#include "scan/octets.h"

#include <poll.h>
#include <unistd.h>
#include <cerrno>
#include <cstring>

namespace strongroom::scan {
namespace {

bool is_ready(int fd, short events, int within_ms) {
  pollfd one{fd, events, 0};
  int ready = 0;
  do {
    ready = ::poll(&one, 1, within_ms);
  } while (ready < 0 && errno == EINTR);
  if (ready == 0) errno = ETIMEDOUT;
  return ready > 0;
}

}  // namespace

long read_waiting(int fd, MutableBytes into, int within_ms) {
  for (;;) {
    if (!is_ready(fd, POLLIN, within_ms)) return -1;
    const ssize_t size = ::read(fd, into.data(), into.size());
    if (size >= 0) return size;
    if (errno != EINTR && errno != EAGAIN) return -1;
  }
}

Status write_waiting(int fd, ByteView from, int within_ms) {
  while (!from.empty()) {
    const ssize_t written =
        is_ready(fd, POLLOUT, within_ms) ? ::write(fd, from.data(), from.size()) : -1;
    if (written > 0) {
      from = from.subspan(static_cast<std::size_t>(written));
    } else if (written < 0 && errno != EINTR && errno != EAGAIN) {
      return fail(Code::Unavailable, std::string("cannot write: ") + std::strerror(errno));
    }
  }
  return {};
}

}  // namespace strongroom::scan
