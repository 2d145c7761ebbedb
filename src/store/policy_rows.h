// Rows of policies: what keys may be used for, and what was spent under them.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/id.h"

namespace strongroom::store {

/// What a tenant, a service of it or one key may be used for; one row for each of these at most.
struct Policy {
  static constexpr std::string_view kTable = "policies";
  PolicyId id;
  TenantId tenant;
  std::string service;       ///< empty: all of the tenant's
  std::optional<KeyId> key;  ///< of that service; none: all of the service's
  std::string allow;         ///< JSON array of rules (catalog::rule_text)
  std::string deny;
  std::int64_t requests_per_minute = 0;  ///< 0: no limit; the others alike
  std::int64_t concurrent = 0;
  std::int64_t bytes_per_day = 0;
  std::string budget_unit;  ///< empty: no budget
  std::int64_t budget_per_day = 0;
  std::string tunnels = "[]";  ///< JSON array of HOST:PORT; of a tenant's own policy only
  std::int64_t changed = 0;
  template <class Self, class Visitor>
  static void columns(Self& self, Visitor&& visit) {
    visit("id", self.id);
    visit("tenant", self.tenant);
    visit("service", self.service);
    visit("key", self.key);
    visit("allow", self.allow);
    visit("deny", self.deny);
    visit("requests_per_minute", self.requests_per_minute);
    visit("concurrent", self.concurrent);
    visit("bytes_per_day", self.bytes_per_day);
    visit("budget_unit", self.budget_unit);
    visit("budget_per_day", self.budget_per_day);
    visit("tunnels", self.tunnels);
    visit("changed", self.changed);
  }
};

/// What else a policy says: which closed routes it opens, and what becomes of findings.
struct PolicyGuard {
  static constexpr std::string_view kTable = "policy_guards";
  PolicyId policy;
  std::string open = "[]";        ///< JSON array of rules
  std::int64_t on_echo = 0;       ///< catalog::OnEcho
  std::int64_t on_misplaced = 0;  ///< catalog::OnMisplaced
  template <class Self, class Visitor>
  static void columns(Self& self, Visitor&& visit) {
    visit("policy", self.policy);
    visit("open", self.open);
    visit("on_echo", self.on_echo);
    visit("on_misplaced", self.on_misplaced);
  }
};

/// What was spent under a policy on one day.
struct Spending {
  static constexpr std::string_view kTable = "spending";
  PolicyId policy;
  std::int64_t day = 0;  ///< days since 1970, UTC
  std::int64_t bytes = 0;
  std::int64_t units = 0;
  template <class Self, class Visitor>
  static void columns(Self& self, Visitor&& visit) {
    visit("policy", self.policy);
    visit("day", self.day);
    visit("bytes", self.bytes);
    visit("units", self.units);
  }
};

}  // namespace strongroom::store
