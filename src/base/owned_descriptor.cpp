// SPDX-License-Identifier: Apache-2.0
#include "base/owned_descriptor.h"

#include <fcntl.h>
#include <unistd.h>

namespace strongroom {

OwnedDescriptor::~OwnedDescriptor() {
  if (fd_ >= 0) ::close(fd_);
}

std::string folder_of(const std::string& path) {
  const auto slash = path.rfind('/');
  return slash == std::string::npos ? "." : path.substr(0, slash + 1);
}

bool synchronise_folder_of(const std::string& path) {
  const OwnedDescriptor folder(::open(folder_of(path).c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  return folder.get() >= 0 && ::fsync(folder.get()) == 0;
}

}  // namespace strongroom
