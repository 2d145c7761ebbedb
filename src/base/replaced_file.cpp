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

bool write_new(const std::string& path, ByteView content, mode_t mode, Outlives outlives) {
  const OwnedDescriptor file(
      ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode));
  return file.get() >= 0 && ::fchmod(file.get(), mode) == 0 && write_all(file.get(), content) &&
         (outlives == Outlives::Process || ::fsync(file.get()) == 0);
}

/// What is left of an earlier try may be open elsewhere, so none is written to.
bool write_anew(const std::string& path, ByteView content, mode_t mode, Outlives outlives) {
  if (::unlink(path.c_str()) != 0 && errno != ENOENT) return false;
  return write_new(path, content, mode, outlives);
}

void remove_keeping_errno(const std::string& path) {
  const int why = errno;
  ::unlink(path.c_str());
  errno = why;
}

}  // namespace

bool replace_file(const std::string& path, ByteView content, mode_t mode, Outlives outlives) {
  const std::string beside = path + ".new";
  if (!write_anew(beside, content, mode, outlives) || ::rename(beside.c_str(), path.c_str()) != 0) {
    remove_keeping_errno(beside);
    return false;
  }
  return outlives != Outlives::PowerLossAtOnce || synchronise_folder_of(path);
}

bool make_file(const std::string& path, ByteView content, mode_t mode) {
  if (write_new(path, content, mode, Outlives::Process)) return true;
  if (errno != EEXIST) remove_keeping_errno(path);
  return false;
}

}  // namespace strongroom
