// SPDX-License-Identifier: Apache-2.0
#include <sys/mman.h>
#include <unistd.h>
#include <fstream>
#include <iterator>

#include "issuer/work.h"

namespace strongroom::issuer {
namespace {
constexpr const char* kSystem = "/etc/ssl/certs/ca-certificates.crt";
}

std::string trusted_file(const std::string& more_pem) {
  std::ifstream system(kSystem, std::ios::binary);
  std::string all{std::istreambuf_iterator<char>(system), {}};
  all += "\n" + more_pem;
  const int fd = ::memfd_create("authorities", 0);
  if (fd < 0) return {};
  for (std::size_t written = 0; written < all.size();) {
    const ssize_t count = ::write(fd, all.data() + written, all.size() - written);
    if (count <= 0) return {};
    written += static_cast<std::size_t>(count);
  }
  return "/proc/self/fd/" + std::to_string(fd);
}

}  // namespace strongroom::issuer
