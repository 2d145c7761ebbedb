// Tenants, members, keys and skills as people see them, and a key that is to be added. Threads:
// values. SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/id.h"
#include "vault/session_views.h"

namespace strongroom::vault {

struct TenantView {
  TenantId id;
  std::string name;
  std::string state;
  WallTime created;
};
struct MemberView {
  MemberId id;
  std::string tenant;
  std::string name;
  std::string role;
  WallTime created;
  bool is_withheld = false;  ///< no group that they were provisioned in has a role: no access
};
struct KeyView {
  KeyId id;
  std::string tenant;
  std::string service;
  std::string label;
  std::string delivery;  ///< "proxied", "injected"
  std::string home;      ///< "skill", "integration"
  std::string owner;     ///< member's name; empty for a skill secret
  /// "active", "expiring" (within kExpiringSoon), "expired", "rejected_by_provider", "needs_login",
  /// "revoked"
  std::string state;
  std::uint32_t version = 0;
  WallTime created;
  WallTime changed;
  std::optional<WallTime> last_used;
  std::optional<WallTime> expires;
  bool is_login = false;        ///< a member's, that renews itself
  bool is_checked = false;      ///< its provider is asked now and then
  std::string last_characters;  ///< four, or empty
  Settings settings;
};
struct SkillView {
  SkillId id;
  std::string tenant;
  std::string name;
  std::vector<std::string> services;
};
struct NewKey {
  std::string tenant;
  std::string service;
  std::string label = "default";
  std::string member;  ///< empty: skill secret
  Settings settings;
  std::optional<WallTime> expires;  ///< it is not used from then on
};
/// For how long before its time is over a key is told to be expiring.
inline constexpr std::chrono::hours kExpiringSoon{24 * 14};

}  // namespace strongroom::vault
