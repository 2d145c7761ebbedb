// SPDX-License-Identifier: Apache-2.0
#include "io/dial/known_addresses.h"

namespace strongroom::io {

DialHint KnownAddresses::hint(std::string_view name, SteadyTime now) const {
  const auto place = names_.find(name);
  if (place == names_.end() || now >= place->second.until) return {};
  return place->second.hint;
}

void KnownAddresses::note(std::string_view name, const std::string& address, bool has_worked,
                          SteadyTime now) {
  auto place = names_.find(name);
  const bool is_kept = place != names_.end() && now < place->second.until;
  // Its time is not prolonged: now and then the usual order has its try again.
  if (is_kept && has_worked && place->second.hint.has_worked &&
      place->second.hint.address == address)
    return;
  if (place == names_.end()) {
    if (names_.size() >= kMaxNames) names_.clear();
    place = names_.emplace(std::string(name), Known()).first;
  }
  place->second = {{address, has_worked}, now + kKept};
}

void KnownAddresses::forget(std::string_view name) {
  const auto place = names_.find(name);
  if (place != names_.end()) names_.erase(place);
}

}  // namespace strongroom::io
