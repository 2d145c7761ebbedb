// SPDX-License-Identifier: Apache-2.0
#include "workroom/small_files.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <cerrno>
#include <cstring>

namespace strongroom::workroom {
namespace {

std::unexpected<Error> problem(const std::string& path, const char* what) {
  const Code code = errno == ENOENT || errno == ENOTDIR ? Code::NotFound : Code::Storage;
  return fail(code, std::string("cannot ") + what + " " + path + ": " + std::strerror(errno));
}

/// Takes the descriptor.
Result<std::string> read_whole(int fd, const std::string& path, std::size_t limit) {
  if (fd < 0) return problem(path, "read");
  struct stat is{};
  std::string out;
  bool is_good = ::fstat(fd, &is) == 0 && S_ISREG(is.st_mode);
  char block[16384];
  while (is_good && out.size() <= limit) {
    const ssize_t got = ::read(fd, block, sizeof(block));
    if (got < 0 && errno == EINTR) continue;
    is_good = got >= 0;
    if (got <= 0) break;
    out.append(block, static_cast<std::size_t>(got));
  }
  ::close(fd);
  if (!is_good) return fail(Code::Storage, "cannot read " + path);
  if (out.size() > limit) return fail(Code::TooLarge, path + " is too large");
  return out;
}

}  // namespace

Result<std::string> read_small_file(const std::string& path, std::size_t limit) {
  return read_whole(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK), path, limit);
}

Result<std::string> read_small_file_in(const std::string& root, const std::string& path,
                                       std::size_t limit) {
  const int folder = ::open(root.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC);
  if (folder < 0) return problem(root, "read");
  open_how how{};
  how.flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK;
  how.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS;
  const long fd = ::syscall(SYS_openat2, folder, path.c_str(), &how, sizeof(how));
  ::close(folder);
  return read_whole(static_cast<int>(fd), path, limit);
}

Status write_small_file(const std::string& path, std::string_view text, unsigned mode) {
  const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode);
  if (fd < 0) return problem(path, "write");
  while (!text.empty()) {
    const ssize_t now = ::write(fd, text.data(), text.size());
    if (now < 0 && errno == EINTR) continue;
    if (now <= 0) {
      ::close(fd);
      return problem(path, "write");
    }
    text.remove_prefix(static_cast<std::size_t>(now));
  }
  ::close(fd);
  return {};
}

}  // namespace strongroom::workroom
