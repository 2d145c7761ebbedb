// SPDX-License-Identifier: Apache-2.0
#include "gateway/limits/fair_share.h"

#include <sys/resource.h>

#include <algorithm>
#include <map>
#include <queue>

namespace strongroom::gateway {
namespace {

constexpr std::size_t kKept = 64;  ///< for the channel, timers, files
constexpr std::size_t kMost = 1'000'000;
constexpr std::size_t kLeast = 16;

std::size_t descriptors() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur > kMost) return kMost;
  const auto all = static_cast<std::size_t>(limit.rlim_cur);
  return all > kKept ? all - kKept : 0;
}

}  // namespace

std::size_t exchanges_of_one_tenant(std::size_t configured) {
  return configured > 0 ? configured : std::max(kLeast, descriptors() / 8 * 3);
}

std::size_t connections_of_all(std::size_t configured) {
  return configured > 0 ? configured : std::max(kLeast, descriptors() / 2);
}

std::size_t idle_upstreams_of_all() {
  return std::max(kLeast, descriptors() / 8);
}

std::vector<std::size_t> choose_to_close(std::span<const WaitingConnection> waiting,
                                         std::size_t count) {
  std::map<TenantId, std::vector<std::size_t>> of_tenants;
  for (std::size_t i = 0; i < waiting.size(); ++i) of_tenants[waiting[i].tenant].push_back(i);
  using Queue = std::pair<std::size_t, std::vector<std::size_t>*>;
  const auto is_smaller = [](const Queue& a, const Queue& b) { return a.first < b.first; };
  std::priority_queue<Queue, std::vector<Queue>, decltype(is_smaller)> largest(is_smaller);
  for (auto& [tenant, places] : of_tenants) {
    // The one that waits longest is taken from the end.
    std::ranges::sort(places, std::greater<>(), [&](std::size_t i) { return waiting[i].since; });
    largest.push({places.size(), &places});
  }
  std::vector<std::size_t> chosen;
  while (chosen.size() < count && !largest.empty()) {
    auto* const places = largest.top().second;
    largest.pop();
    chosen.push_back(places->back());
    places->pop_back();
    if (!places->empty()) largest.push({places->size(), places});
  }
  return chosen;
}

}  // namespace strongroom::gateway
