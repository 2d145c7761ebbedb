// TokenBucket: so many requests a minute. Full at first, so a burst of a minute's worth passes;
// then one more each time its share of the minute has gone by. Without I/O; time is given. Threads:
// the gateway's loop. SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstdint>

#include "base/clock.h"

namespace strongroom::gateway {

class TokenBucket {
 public:
  /// How long until one may be taken: zero for now. `per_minute` above zero; it may change between
  /// calls.
  [[nodiscard]] Duration wait(std::uint32_t per_minute, SteadyTime now) const {
    const SteadyTime from = full_at_ - (kMinute - interval(per_minute));
    return from <= now ? Duration(0) : from - now;
  }
  /// Only when wait() is zero.
  void take(std::uint32_t per_minute, SteadyTime now) {
    full_at_ = std::max(full_at_, now) + interval(per_minute);
  }

 private:
  static constexpr Duration kMinute = std::chrono::minutes(1);
  /// Rounded up, so that never more pass than said.
  static Duration interval(std::uint32_t per_minute) {
    return (kMinute + Duration(per_minute - 1)) / per_minute;
  }
  SteadyTime full_at_{};  ///< when nothing of what was taken is left
};

}  // namespace strongroom::gateway
