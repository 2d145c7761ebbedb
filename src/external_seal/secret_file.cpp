// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>

#include "base/owned_descriptor.h"
#include "external_seal/job.h"

namespace strongroom::external_seal {
namespace {

std::unexpected<Error> cannot(const std::string& path, const std::string& what) {
  return fail(Code::Sealed,
              "The file " + path + ", which holds the secret of a seal, " + what + ".",
              std::string(kRefused));
}

/// What systemd hands over may be of root, and for a group that has nobody else in it.
Status check_mode(int fd, const std::string& path) {
  struct stat info{};
  if (::fstat(fd, &info) != 0 || !S_ISREG(info.st_mode))
    return cannot(path, "is not a regular file");
  if (info.st_uid != ::geteuid() && info.st_uid != 0)
    return cannot(path, "belongs to another user; run chown on it");
  const mode_t others = info.st_uid == 0 && ::geteuid() != 0 ? 0007U : 0077U;
  if ((info.st_mode & others) != 0)
    return cannot(path, "can be read or written by others; run chmod 600 on it");
  return {};
}

/// Where it is; a credential's name is the name of a file, and no path.
Result<std::string> place_of(const std::string& named) {
  if (!named.starts_with(kHandedOver)) return named;
  const std::string name = named.substr(kHandedOver.size());
  const char* folder = std::getenv("CREDENTIALS_DIRECTORY");
  if (folder == nullptr || *folder == '\0')
    return fail(Code::Sealed,
                "The secret of a seal is the credential '" + name +
                    "', and systemd has handed over none (LoadCredentialEncrypted= of the unit).",
                std::string(kRefused));
  if (name.empty() || name.find('/') != std::string::npos || name == "." || name == "..")
    return fail(Code::Sealed, "'" + named + "' is no credential's name.", std::string(kRefused));
  return std::string(folder) + "/" + name;
}

}  // namespace

Result<Secret> read_secret_file(const std::string& named) {
  STRONGROOM_TRY(const std::string path, place_of(named));
  const OwnedDescriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (file.get() < 0)
    return cannot(path, errno == ENOENT ? "is missing"
                                        : "cannot be opened: " + std::string(std::strerror(errno)));
  STRONGROOM_CHECKED(check_mode(file.get(), path));
  Secret text = Secret::of_size(kMaxSecretFile + 1);
  std::size_t size = 0;
  const bool is_read = text.reveal_mutable([&](MutableBytes room) {
    while (size < room.size()) {
      const ssize_t got = ::read(file.get(), room.data() + size, room.size() - size);
      if (got < 0) return false;
      if (got == 0) return true;
      size += static_cast<std::size_t>(got);
    }
    return true;
  });
  if (!is_read) return cannot(path, "cannot be read");
  if (size > kMaxSecretFile) return cannot(path, "is longer than 8 KiB");
  text.reveal([&](ByteView all) {
    if (size > 0 && all[size - 1] == '\n') --size;
    if (size > 0 && all[size - 1] == '\r') --size;
  });
  if (size == 0) return cannot(path, "is empty");
  text.shrink(size);
  return text;
}

}  // namespace strongroom::external_seal
