// SPDX-License-Identifier: Apache-2.0
#include "app/files.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cerrno>
#include <cstring>

#include "base/owned_descriptor.h"

namespace strongroom::app {
namespace {

std::string reason() {
  return std::strerror(errno);
}

Status write_whole(int fd, std::string_view text, const std::string& path) {
  while (!text.empty()) {
    const ssize_t written = ::write(fd, text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return fail(Code::Storage, "cannot write " + path + ": " + reason());
    text.remove_prefix(static_cast<std::size_t>(written));
  }
  if (::fsync(fd) != 0) return fail(Code::Storage, "cannot synchronise " + path + ": " + reason());
  return {};
}

}  // namespace

Result<std::string> read_file(const std::string& path, std::size_t limit) {
  const OwnedDescriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (file.get() < 0)
    return fail(errno == ENOENT ? Code::NotFound : Code::Storage,
                "cannot open " + path + ": " + reason());
  std::string text;
  char block[4096];
  for (;;) {
    const ssize_t got = ::read(file.get(), block, sizeof(block));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return fail(Code::Storage, "cannot read " + path + ": " + reason());
    if (got == 0) return text;
    text.append(block, static_cast<std::size_t>(got));
    if (text.size() > limit)
      return fail(Code::TooLarge, path + " is larger than " + std::to_string(limit) + " octets");
  }
}

Result<std::string> read_private_file(const std::string& path, std::size_t limit) {
  struct stat facts{};
  if (::stat(path.c_str(), &facts) == 0 && (facts.st_mode & 077U) != 0)
    return fail(Code::Refused, "others may read " + path + ": chmod 600 " + path);
  return read_file(path, limit);
}

Status write_file(const std::string& path, std::string_view text, mode_t mode) {
  const std::string beside = path + ".new";
  {
    const OwnedDescriptor file(
        ::open(beside.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, mode));
    if (file.get() < 0) return fail(Code::Storage, "cannot create " + beside + ": " + reason());
    if (::fchmod(file.get(), mode) != 0)
      return fail(Code::Storage, "cannot set the mode of " + beside + ": " + reason());
    STRONGROOM_CHECKED(write_whole(file.get(), text, beside));
  }
  if (::rename(beside.c_str(), path.c_str()) != 0)
    return fail(Code::Storage, "cannot rename " + beside + ": " + reason());
  return {};
}

Status prepare_private_directory(const std::string& path) {
  if (::mkdir(path.c_str(), 0700) != 0 && errno != EEXIST)
    return fail(Code::Storage, "cannot make the data directory " + path + ": " + reason());
  struct stat info{};
  if (::stat(path.c_str(), &info) != 0 || !S_ISDIR(info.st_mode))
    return fail(Code::Storage, path + " is not a directory");
  if ((info.st_mode & 0077U) != 0)
    return fail(Code::Refused,
                path + " may be entered by others; give it to its owner alone: chmod 700 " + path);
  return {};
}

}  // namespace strongroom::app
