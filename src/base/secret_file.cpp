// SPDX-License-Identifier: Apache-2.0
#include "base/secret_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "base/owned_descriptor.h"

namespace strongroom {
namespace {

Status check_mode(int fd, FileOwner owner) {
  struct stat info{};
  if (::fstat(fd, &info) != 0 || !S_ISREG(info.st_mode))
    return fail(Code::Refused, "is not a regular file");
  const bool is_roots = owner == FileOwner::SelfOrRoot && info.st_uid == 0 && ::geteuid() != 0;
  if (owner != FileOwner::Anyone && info.st_uid != ::geteuid() && !is_roots)
    return fail(Code::Refused, "belongs to another user; run chown on it");
  if ((info.st_mode & (is_roots ? 0007U : 0077U)) != 0)
    return fail(Code::Refused, "can be read or written by others; run chmod 600 on it");
  return {};
}

/// How many octets came; -1: errno says why.
ssize_t read_all(int fd, MutableBytes room) {
  std::size_t size = 0;
  while (size < room.size()) {
    const ssize_t got = ::read(fd, room.data() + size, room.size() - size);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return -1;
    if (got == 0) break;
    size += static_cast<std::size_t>(got);
  }
  return static_cast<ssize_t>(size);
}

}  // namespace

Result<Secret> read_secret_file(const std::string& path, const SecretFileRules& rules) {
  const int links = rules.may_be_link ? 0 : O_NOFOLLOW;
  const OwnedDescriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | links));
  if (file.get() < 0 && errno == ENOENT) return fail(Code::NotFound, "is missing");
  if (file.get() < 0)
    return fail(Code::Storage, "cannot be opened: " + std::string(std::strerror(errno)));
  STRONGROOM_CHECKED(check_mode(file.get(), rules.owner));
  Secret content = Secret::of_size(rules.most + 1);
  const ssize_t size =
      content.reveal_mutable([&](MutableBytes room) { return read_all(file.get(), room); });
  if (size < 0) return fail(Code::Storage, "cannot be read: " + std::string(std::strerror(errno)));
  if (static_cast<std::size_t>(size) > rules.most)
    return fail(Code::TooLarge, "is longer than " + std::to_string(rules.most) + " octets");
  content.shrink(static_cast<std::size_t>(size));
  return content;
}

}  // namespace strongroom
