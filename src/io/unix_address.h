// Where a Unix socket lies, at whatever depth. SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/socket.h>
#include <sys/un.h>
#include <string>

#include "base/result.h"

namespace strongroom::io {

/// The address of a socket's file, for bind(2) and connect(2). The kernel takes 107 octets of a
/// path (unix(7)); a longer one is named through a descriptor of its folder, held as long as this
/// lives. Errors: Invalid where the file's own name is too long, or its folder cannot be opened.
class UnixAddress {
 public:
  [[nodiscard]] static Result<UnixAddress> of(const std::string& path);
  UnixAddress(UnixAddress&& other) noexcept;
  UnixAddress(const UnixAddress&) = delete;
  UnixAddress& operator=(const UnixAddress&) = delete;
  UnixAddress& operator=(UnixAddress&&) = delete;
  ~UnixAddress();

  [[nodiscard]] const sockaddr* get() const noexcept {
    return reinterpret_cast<const sockaddr*>(&address_);
  }
  [[nodiscard]] static socklen_t size() noexcept { return sizeof(sockaddr_un); }

 private:
  UnixAddress() = default;
  sockaddr_un address_{};
  int folder_ = -1;
};

}  // namespace strongroom::io
