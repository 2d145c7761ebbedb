// SequenceGaps: which of a holder's uses the vault has not recorded and will not: what a lost
// channel took along, and what the vault refused.
//
// Used by: HolderLink. Bounded: past kMost gaps the oldest two become one, with what is between
// them, which then counts as not recorded either. SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

namespace strongroom::lease {

class SequenceGaps {
 public:
  static constexpr std::size_t kMost = 256;

  /// From the first to the last, both included; nothing when they are none.
  void add(std::uint64_t first, std::uint64_t last) {
    if (first > last) return;
    const auto begin =
        std::ranges::find_if(gaps_, [first](const Gap& each) { return each.last + 1 >= first; });
    auto end = begin;
    for (; end != gaps_.end() && end->first <= last + 1; ++end) {
      first = std::min(first, end->first);
      last = std::max(last, end->last);
    }
    gaps_.insert(gaps_.erase(begin, end), Gap{first, last});
    if (gaps_.size() <= kMost) return;
    gaps_[1].first = gaps_[0].first;
    gaps_.erase(gaps_.begin());
  }
  [[nodiscard]] bool covers(std::uint64_t sequence) const noexcept {
    return std::ranges::any_of(gaps_, [sequence](const Gap& each) {
      return each.first <= sequence && sequence <= each.last;
    });
  }

 private:
  struct Gap {
    std::uint64_t first;
    std::uint64_t last;
  };
  std::vector<Gap> gaps_;  ///< in order, none touching another
};

}  // namespace strongroom::lease
