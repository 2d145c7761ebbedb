// SegmentWatch: notices that a file of the record is no longer what was written.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ctime>
#include <string>
#include <vector>

#include "audit/segments.h"

namespace strongroom::audit {

class SegmentWatch {
 public:
  explicit SegmentWatch(std::string directory) : directory_(std::move(directory)) {}
  /// Frames up to `offset` of this file were read, and lead from what was known to `head`.
  void note(std::size_t segment, std::uint64_t offset, const crypto::Digest& head);
  /// Looks at each file's place, size and time of change; where the time moved, at each octet.
  /// Tampered names the first frame that does not fit.
  [[nodiscard]] Status check();

 private:
  struct Known {
    crypto::Digest start{};  ///< the chain before its first frame
    crypto::Digest end{};
    std::uint64_t offset = 0;
    std::uint64_t inode = 0;
    timespec changed{};  ///< when its content was last found right
  };
  [[nodiscard]] Status check_file(const std::string& path, Known& known) const;
  [[nodiscard]] std::string path_of(std::size_t segment) const;
  std::string directory_;
  std::vector<Known> known_;
};

}  // namespace strongroom::audit
