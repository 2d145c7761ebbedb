// SPDX-License-Identifier: Apache-2.0
#include "gateway/limits/notices.h"

#include <algorithm>
#include <utility>

namespace strongroom::gateway {

lease::Refusals RefusalCounter::take() {
  lease::Refusals out;
  for (std::size_t i = 0; i < counts_.size(); ++i) {
    if (counts_[i] == 0) continue;
    const std::string_view code = describe(static_cast<Refusal>(i)).code;
    const auto same = std::ranges::find(
        out.counts, code, [](const auto& each) { return std::string_view(each.first); });
    if (same != out.counts.end())
      same->second += counts_[i];
    else
      out.counts.emplace_back(code, counts_[i]);
  }
  counts_ = {};
  return out;
}

bool FindingFilter::admit(const lease::Finding& finding, SteadyTime now) {
  while (!known_.empty() && (now >= known_.front().at + kSameAgain || known_.size() >= kRemembered))
    known_.pop_front();
  std::size_t hosts = 0;
  bool is_known = false;
  for (const Known& each : known_) {
    if (each.session != finding.session || each.service != finding.service ||
        each.what != finding.what)
      continue;
    ++hosts;
    is_known = is_known || each.host == finding.host;
  }
  if (is_known || hosts >= kHosts || rate_.wait(kPerMinute, now) > Duration(0)) return false;
  rate_.take(kPerMinute, now);
  known_.push_back({finding.session, finding.service, finding.what, finding.host, now});
  return true;
}

std::optional<std::uint64_t> LogFilter::admit(const lease::Finding& line, SteadyTime now) {
  if (filter_.admit(line, now)) return std::exchange(left_out_, 0);
  ++left_out_;
  return std::nullopt;
}

}  // namespace strongroom::gateway
