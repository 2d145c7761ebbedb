// SPDX-License-Identifier: Apache-2.0
#include "workroom/init/inner.h"

#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <array>

#include "workroom/passed_descriptors.h"
#include "workroom/wire.h"

namespace strongroom::workroom {

int open_own_program() {
  return ::open("/proc/self/exe", O_PATH | O_CLOEXEC);
}

ssize_t receive_octet(int fd, std::uint8_t& octet, int& passed) {
  std::array<int, 1> with{-1};
  const ReceivedWith got = receive_with(fd, &octet, 1, with, MSG_DONTWAIT);
  if (got.octets > 0 && got.descriptors == 1) passed = with[0];
  return got.octets;
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
