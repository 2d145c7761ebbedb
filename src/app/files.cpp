// SPDX-License-Identifier: Apache-2.0
#include "app/files.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cerrno>
#include <cstring>

#include "base/owned_descriptor.h"
#include "base/replaced_file.h"

namespace strongroom::app {
namespace {

std::string reason() {
  return std::strerror(errno);
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

Status write_file(const std::string& path, std::string_view text, mode_t mode) {
  if (!replace_file(path, bytes_of(text), mode, Outlives::PowerLoss))
    return fail(Code::Storage, "cannot write " + path + ": " + reason());
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
