// Fair share: how many connections and exchanges one gateway has room for, and whose idle
// connections make room when it is full. Threads: any. SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "base/clock.h"
#include "base/id.h"

namespace strongroom::gateway {

/// How many of one tenant's requests wait for their turn at most.
inline constexpr std::size_t kTenantQueue = 1024;

/// What was configured, or three quarters of what this process's descriptors allow (two for
/// each; a stream of HTTP/2 takes fewer).
[[nodiscard]] std::size_t exchanges_of_one_tenant(std::size_t configured);
/// What was configured, or half of this process's descriptors: the rest is for providers.
[[nodiscard]] std::size_t connections_of_all(std::size_t configured);
/// How many connections to providers are kept idle: an eighth of this process's descriptors.
[[nodiscard]] std::size_t idle_upstreams_of_all();

/// A connection that waits for a request.
struct WaitingConnection {
  TenantId tenant;  ///< of its last request; none: there was none yet
  SteadyTime since{};
};
/// The places of at most `count` of them: one after the other from whoever has most, the one that
/// waits longest first. Connections that never sent a request count as one tenant's.
[[nodiscard]] std::vector<std::size_t> choose_to_close(std::span<const WaitingConnection> waiting,
                                                       std::size_t count);

}  // namespace strongroom::gateway
