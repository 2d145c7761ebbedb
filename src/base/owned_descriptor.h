// OwnedDescriptor: a file descriptor that is closed when its owner goes.
//
// Used by: whoever reads and writes files by plain calls (vault, app). Threads: values.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

namespace strongroom {

class OwnedDescriptor {
 public:
  /// -1, as failed calls answer it, is none.
  explicit OwnedDescriptor(int fd) noexcept : fd_(fd) {}
  OwnedDescriptor(const OwnedDescriptor&) = delete;
  OwnedDescriptor& operator=(const OwnedDescriptor&) = delete;
  ~OwnedDescriptor();
  [[nodiscard]] int get() const noexcept { return fd_; }

 private:
  int fd_;
};

/// Of a path, what comes before its name: "." where that is nothing, else with its last slash.
[[nodiscard]] std::string folder_of(const std::string& path);
/// What was done to names in the folder of `path` outlives a loss of power. False: errno says why.
[[nodiscard]] bool synchronise_folder_of(const std::string& path);

}  // namespace strongroom
