// SPDX-License-Identifier: Apache-2.0
#include "workroom/process_handle.h"

#include <poll.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <string>

namespace strongroom::workroom {
namespace {

bool has_ended(int handle) {
  pollfd look{handle, POLLIN, 0};
  return ::poll(&look, 1, 0) > 0;
}

}  // namespace

Status ProcessHandle::open(pid_t pid) {
  const int fd = static_cast<int>(::syscall(SYS_pidfd_open, pid, 0));
  if (fd < 0)
    return fail(Code::Unavailable,
                std::string("the workroom's first process is not there: ") + std::strerror(errno));
  return descriptor_.open(fd);
}

bool ProcessHandle::send(int signal) const noexcept {
  return ::syscall(SYS_pidfd_send_signal, descriptor_.fd(), signal, nullptr, 0) == 0 ||
         errno == ESRCH;
}

io::Task<void> ProcessHandle::ended() {
  while (descriptor_.is_open() && !has_ended(descriptor_.fd())) {
    descriptor_.drained();
    co_await descriptor_.readable();
  }
}

}  // namespace strongroom::workroom
