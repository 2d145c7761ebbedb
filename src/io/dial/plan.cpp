// SPDX-License-Identifier: Apache-2.0
#include "io/dial/plan.h"

#include <algorithm>

#include "io/dial/addresses.h"

namespace strongroom::io {
namespace {

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

}  // namespace

DialPlan plan_dial(const Addresses& found, PrivateAddresses policy, const DialHint& hint) {
  DialPlan plan;
  Addresses allowed = found;
  if (policy == PrivateAddresses::Refuse)
    std::erase_if(allowed, [](const auto& each) { return is_private_address(each.storage); });
  plan.refused = found.size() - allowed.size();
  plan.addresses = interleave(allowed);
  apply(hint, plan.addresses);
  if (plan.addresses.size() > kMaxDialled) {
    plan.surplus = plan.addresses.size() - kMaxDialled;
    plan.addresses.resize(kMaxDialled);
  }
  return plan;
}

}  // namespace strongroom::io
