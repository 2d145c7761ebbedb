// SPDX-License-Identifier: Apache-2.0
#include "workroom/init/unix_dial.h"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include <cstring>

namespace strongroom::workroom {

int dial_unix(const char* path, int flags) {
  sockaddr_un to{};
  to.sun_family = AF_UNIX;
  if (std::strlen(path) >= sizeof(to.sun_path)) return -1;
  std::strcpy(to.sun_path, path);
  const int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | flags, 0);
  if (fd >= 0 && ::connect(fd, reinterpret_cast<const sockaddr*>(&to), sizeof(to)) == 0) return fd;
  if (fd >= 0) ::close(fd);
  return -1;
}

}  // namespace strongroom::workroom
