// SPDX-License-Identifier: Apache-2.0
#include "io/dial/plan.h"

#include <algorithm>

#include "io/dial/addresses.h"
#include "io/dial/own_addresses.h"

namespace strongroom::io {
namespace {

/// The kernel is asked about each, and whoever has a name server chooses how many there are.
constexpr std::size_t kMaxLookedUp = 4 * kMaxDialled;

using Addresses = std::vector<ResolvedAddress>;

Addresses interleave(const Addresses& found) {
  Addresses six;
  Addresses others;
  for (const auto& each : found)
    (each.storage.ss_family == AF_INET6 ? six : others).push_back(each);
  Addresses out;
  for (std::size_t i = 0; i < std::max(six.size(), others.size()); ++i) {
    if (i < six.size()) out.push_back(six[i]);
    if (i < others.size()) out.push_back(others[i]);
  }
  return out;
}

void apply(const DialHint& hint, Addresses& addresses) {
  const auto known = std::ranges::find_if(addresses, [&](const auto& each) {
    return !hint.address.empty() && text_of_address(each.storage) == hint.address;
  });
  if (known == addresses.end()) return;
  if (hint.has_worked) {
    std::rotate(addresses.begin(), known, known + 1);
  } else {
    std::rotate(known, known + 1, addresses.end());
  }
}

void keep_first(DialPlan& plan, std::size_t most) {
  if (plan.addresses.size() <= most) return;
  plan.surplus += plan.addresses.size() - most;
  plan.addresses.resize(most);
}

}  // namespace

DialPlan plan_dial(const Addresses& found, PrivateAddresses policy, const DialHint& hint) {
  DialPlan plan;
  Addresses allowed = found;
  const bool refuses = policy == PrivateAddresses::Refuse;
  if (refuses)
    plan.refused =
        std::erase_if(allowed, [](const auto& each) { return is_private_address(each.storage); });
  plan.addresses = interleave(allowed);
  apply(hint, plan.addresses);
  keep_first(plan, kMaxLookedUp);
  if (refuses)
    plan.refused += std::erase_if(plan.addresses,
                                  [](const auto& each) { return is_own_address(each.storage); });
  keep_first(plan, kMaxDialled);
  return plan;
}

}  // namespace strongroom::io
