// SPDX-License-Identifier: Apache-2.0
#include "io/unix_address.h"

#include <fcntl.h>
#include <unistd.h>
#include <cerrno>
#include <cstring>
#include <utility>

namespace strongroom::io {

UnixAddress::UnixAddress(UnixAddress&& other) noexcept
    : address_(other.address_), folder_(std::exchange(other.folder_, -1)) {}

UnixAddress::~UnixAddress() {
  if (folder_ >= 0) ::close(folder_);
}

Result<UnixAddress> UnixAddress::of(const std::string& path) {
  UnixAddress out;
  out.address_.sun_family = AF_UNIX;
  std::string name = path;
  if (const auto slash = path.rfind('/');
      name.size() >= sizeof(out.address_.sun_path) && slash != std::string::npos) {
    const std::string folder = path.substr(0, slash + 1);
    out.folder_ = ::open(folder.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (out.folder_ < 0)
      return fail(Code::Invalid, "cannot open " + folder + ": " + std::strerror(errno));
    name = "/proc/self/fd/" + std::to_string(out.folder_) + path.substr(slash);
  }
  if (name.size() >= sizeof(out.address_.sun_path))
    return fail(Code::Invalid, "the name of a socket is too long: " + path);
  std::memcpy(out.address_.sun_path, name.c_str(), name.size() + 1);
  return out;
}

}  // namespace strongroom::io
