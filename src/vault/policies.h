// Policies as people set them and as leases carry them. The rules themselves: catalog/policy.h.
// Used by: vault.h. Values. SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/id.h"
#include "catalog/policy.h"

namespace strongroom::vault {

/// Whose limit it is. Those of all three hold together, each with its own counters.
enum class PolicyLevel : std::uint8_t {
  Tenant = 1,   ///< all keys of the tenant together
  Service = 2,  ///< the tenant's keys of one service together
  Key = 3
};

/// What a policy is for.
struct PolicyPlace {
  std::string tenant;
  std::string service;  ///< empty: the whole tenant, or the key's own
  std::optional<KeyId> key;
};

/// What is given replaces what was there; zero and empty lift a limit; the rest stays.
struct PolicyChange {
  std::optional<std::vector<std::string>> allow;  ///< rules as text (catalog::parse_rule)
  std::optional<std::vector<std::string>> deny;
  std::optional<std::vector<std::string>> open;  ///< of what the catalogue closes unless opened
  std::optional<std::string> on_echo;            ///< "mask", "cut"
  std::optional<std::string> on_misplaced;       ///< "refuse", "mask"
  std::optional<std::int64_t> requests_per_minute;
  std::optional<std::int64_t> concurrent;
  std::optional<std::int64_t> bytes_per_day;
  std::optional<std::string> budget_unit;
  std::optional<std::int64_t> budget_per_day;
  /// HOST:PORT that the tenant's sessions may reach by plain tunnels, without any key; at most 64.
  std::optional<std::vector<std::string>> tunnels;
};

struct PolicyView {
  PolicyId id;
  std::string tenant;
  std::string service;
  std::optional<KeyId> key;
  catalog::Policy policy;
  std::vector<std::string> tunnels;
  WallTime changed;
  std::uint64_t bytes_today = 0;
  std::uint64_t units_today = 0;
};

/// One that holds for a key, as its leases carry it.
struct AppliedPolicy {
  PolicyId id;
  PolicyLevel level = PolicyLevel::Key;
  catalog::Policy policy;
};

}  // namespace strongroom::vault
