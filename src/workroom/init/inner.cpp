// SPDX-License-Identifier: Apache-2.0
#include "workroom/init/inner.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>
#include <cstring>

#include "workroom/wire.h"

namespace strongroom::workroom {

int open_own_program() {
  return ::open("/proc/self/exe", O_PATH | O_CLOEXEC);
}

ssize_t receive_octet(int fd, std::uint8_t& octet, int& passed) {
  union {
    cmsghdr head;
    char octets[CMSG_SPACE(sizeof(int))];
  } control{};
  iovec part{&octet, 1};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = control.octets;
  message.msg_controllen = sizeof(control.octets);
  const ssize_t got = ::recvmsg(fd, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
  const cmsghdr* const with = got > 0 ? CMSG_FIRSTHDR(&message) : nullptr;
  if (with != nullptr && with->cmsg_type == SCM_RIGHTS && with->cmsg_len == CMSG_LEN(sizeof(int)))
    std::memcpy(&passed, CMSG_DATA(with), sizeof(passed));
  return got;
}

/// In a session of its own: so it leads a group, as its command will, and the terminal of the
/// workroom's main command is read by whoever was given it, without job control.
void start_inner(int channel, int program) {
  if (channel < 0) return;
  static char name[] = "strongroom-init";
  char* const arguments[] = {name, nullptr};
  char* const variables[] = {nullptr};
  if (program >= 0 && ::vfork() == 0) {
    ::setsid();
    ::dup2(channel, kWireDescriptor);
    ::syscall(SYS_execveat, program, "", arguments, variables, AT_EMPTY_PATH);
    ::_exit(127);
  }
  ::close(channel);
}

}  // namespace strongroom::workroom
