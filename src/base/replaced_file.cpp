// SPDX-License-Identifier: Apache-2.0
#include "base/replaced_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>

#include "base/owned_descriptor.h"

namespace strongroom {
namespace {

bool write_all(int fd, ByteView content) {
  while (!content.empty()) {
    const ssize_t written = ::write(fd, content.data(), content.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return false;
    content = content.subspan(static_cast<std::size_t>(written));
  }
  return true;
}

/// What is left of an earlier try may be open elsewhere, so none is written to.
bool write_anew(const std::string& path, ByteView content, mode_t mode, Outlives outlives) {
  if (::unlink(path.c_str()) != 0 && errno != ENOENT) return false;
  const OwnedDescriptor file(
      ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode));
  return file.get() >= 0 && ::fchmod(file.get(), mode) == 0 && write_all(file.get(), content) &&
         (outlives == Outlives::Process || ::fsync(file.get()) == 0);
}

}  // namespace

bool replace_file(const std::string& path, ByteView content, mode_t mode, Outlives outlives) {
  const std::string beside = path + ".new";
  if (!write_anew(beside, content, mode, outlives) || ::rename(beside.c_str(), path.c_str()) != 0) {
    const int why = errno;
    ::unlink(beside.c_str());
    errno = why;
    return false;
  }
  return outlives != Outlives::PowerLossAtOnce || synchronise_folder_of(path);
}

}  // namespace strongroom
