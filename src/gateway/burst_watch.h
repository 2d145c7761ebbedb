// BurstWatch: when it is worth a walk through the heap to give what lies free back to the system.
// The walk takes milliseconds; what a burst of connections leaves is tens of MiB.
//
// Used by: Gateway, every few seconds. Threads: its loop's. SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <utility>

namespace strongroom::gateway {

class BurstWatch {
 public:
  /// So many connections are open.
  void note(std::size_t open) noexcept { most_open_ = std::max(most_open_, open); }

  /// Since the last call, most of many connections have ended, or silent ones have let many of
  /// OpenSSL's buffers go: `let_go` counts these (io::KeptBuffers), which comes a second after the
  /// rest of a burst.
  [[nodiscard]] bool is_over(std::size_t open, std::uint64_t let_go) noexcept {
    const bool has_silence = let_go - std::exchange(let_go_, let_go) >= kManyBuffers;
    const bool has_ended = most_open_ >= kManyConnections && open <= most_open_ / 2;
    if (has_ended) most_open_ = open;
    return has_silence || has_ended;
  }

 private:
  static constexpr std::size_t kManyConnections = 256;
  static constexpr std::uint64_t kManyBuffers = 64;  ///< of 80 KiB each
  std::size_t most_open_ = 0;                        ///< at once, since a burst was over
  std::uint64_t let_go_ = 0;
};

}  // namespace strongroom::gateway
