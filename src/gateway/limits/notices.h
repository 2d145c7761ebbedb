// Notices: what the gateway tells the vault of refusals, and its log of failures, bounded whatever
// agents do.
//
// RefusalCounter adds up refusals for the metrics; HitsTold and FindingFilter keep an agent that
// loops from filling the record with the same finding, LogFilter the log with the same line. Used
// by: Gateway, UpstreamProxy. Without I/O. Threads: the gateway's loop. SPDX-License-Identifier:
// Apache-2.0
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <utility>

#include "base/clock.h"
#include "gateway/limits/token_bucket.h"
#include "gateway/refusal.h"
#include "lease/messages.h"

namespace strongroom::gateway {

class RefusalCounter {
 public:
  void count(Refusal refusal) { ++counts_[static_cast<std::size_t>(refusal)]; }
  /// By code, since the last call; empty when there was none.
  [[nodiscard]] lease::Refusals take();

 private:
  std::array<std::uint32_t, kRefusals> counts_{};
};

/// Of how many hits in one stream a finding was made: each is told when it is seen, and none again.
class HitsTold {
 public:
  /// Are there more than at the last time?
  [[nodiscard]] bool has_more(std::size_t hits) {
    return hits > std::exchange(told_, std::max(told_, hits));
  }

 private:
  std::size_t told_ = 0;
};

class FindingFilter {
 public:
  static constexpr std::chrono::seconds kSameAgain{10};
  /// Enough for a noisy session not to drown what others are found to do.
  static constexpr std::uint32_t kPerMinute = 600;
  static constexpr std::size_t kRemembered = 256;
  /// A session that tries one host after the other is told of with so many of them; it does not
  /// use up what all may report.
  static constexpr std::size_t kHosts = 32;
  /// Not what was reported moments ago (same session, service, word and host), not more hosts of
  /// one than kHosts in that time, and not more than so many a minute in all.
  [[nodiscard]] bool admit(const lease::Finding& finding, SteadyTime now);

 private:
  struct Known {
    SessionId session;
    std::string service;
    std::string what;
    std::string host;
    SteadyTime at{};
  };
  std::deque<Known> known_;  ///< oldest first
  TokenBucket rate_;
};

/// Lines of one event, as bounded as findings are.
class LogFilter {
 public:
  /// How many were left out since the last one that was written, where this one is to be.
  [[nodiscard]] std::optional<std::uint64_t> admit(const lease::Finding& line, SteadyTime now);

 private:
  FindingFilter filter_;
  std::uint64_t left_out_ = 0;
};

}  // namespace strongroom::gateway
