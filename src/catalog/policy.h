// Policy: what a tenant lets a key do beyond the service's own denied paths: methods and paths,
// requests a minute, requests at once, octets and a budget a day.
//
// Used by: vault (keeps them), lease (carries them), gateway (enforces them), api. Values only.
// Threads: any. Paths are canonical before they are matched; what is denied stays denied whatever
// is allowed. SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace strongroom::catalog {

/// Methods and one path pattern (as in DeniedPath: `*` within a segment, `**` at the end any rest).
struct PolicyRule {
  std::vector<std::string> methods;  ///< capitals; "WS" a websocket upgrade; empty: any
  std::string path;
  friend bool operator==(const PolicyRule&, const PolicyRule&) = default;
};

/// So many units of what the service's answers state (Service::usage), each UTC day.
struct Budget {
  std::string unit;  ///< "tokens", "characters", "credits"; empty: no budget
  std::uint64_t per_day = 0;
  friend bool operator==(const Budget&, const Budget&) = default;
};

/// What becomes of an exchange when the answer holds the key.
enum class OnEcho : std::uint8_t {
  Mask,  ///< it goes on, with stars in the key's place
  Cut
};
/// What becomes of a request that holds a pass where it does not belong.
enum class OnMisplaced : std::uint8_t {
  Refuse,
  Mask  ///< in a plain body or a message: it goes on, with stars in the pass's place
};
[[nodiscard]] std::string_view name_of(OnEcho what);
[[nodiscard]] std::string_view name_of(OnMisplaced what);
[[nodiscard]] Result<OnEcho> parse_on_echo(std::string_view text);
[[nodiscard]] Result<OnMisplaced> parse_on_misplaced(std::string_view text);

/// Zero means no limit; an empty list of `allow` means everything that is not denied.
struct Policy {
  static constexpr std::size_t kMaxRules = 64;  ///< in each list
  static constexpr std::size_t kMaxPattern = 256;
  static constexpr std::size_t kMaxText = 16UL << 10U;  ///< of all rules together
  static constexpr std::uint32_t kMaxRate = 1'000'000;
  static constexpr std::uint64_t kMaxAmount = 1'000'000'000'000'000;  ///< octets, units

  std::vector<PolicyRule> allow;
  std::vector<PolicyRule> deny;
  std::vector<PolicyRule> open;  ///< of what the catalogue closes unless a tenant opens it
  OnEcho on_echo = OnEcho::Mask;
  OnMisplaced on_misplaced = OnMisplaced::Refuse;
  std::uint32_t requests_per_minute = 0;
  std::uint32_t concurrent = 0;
  std::uint64_t bytes_per_day = 0;
  Budget budget;
  friend bool operator==(const Policy&, const Policy&) = default;
  /// Says nothing at all.
  [[nodiscard]] bool is_empty() const { return *this == Policy(); }
};

/// "DELETE /v1/**", "GET,POST /v1/models/*", "* /v1/keys" (any method), "/v1/keys" (the same).
/// Invalid names what is wrong, with the rule's own text.
[[nodiscard]] Result<PolicyRule> parse_rule(std::string_view text);
/// What parse_rule reads.
[[nodiscard]] std::string rule_text(const PolicyRule& rule);
/// Every list, rule, number and unit within its limits.
[[nodiscard]] Status check_policy(const Policy& policy);
/// 1 to 32 of a-z and '_', first a letter.
[[nodiscard]] bool is_unit(std::string_view unit);

/// A request as rules see it.
struct PolicyRequest {
  std::string_view method;
  std::string_view path;  ///< canonical
  bool is_websocket = false;
};
enum class Permission : std::uint8_t {
  Granted,
  Denied,     ///< by a rule of `deny`
  NotAllowed  ///< there is an `allow`, and nothing of it matches
};
/// Deny wins. HEAD tells what GET would, so rules for GET hold for it; an upgrade to a websocket is
/// allowed by "WS" or any method only, and denied by rules for GET as well.
[[nodiscard]] Permission judge(const Policy& policy, const PolicyRequest& request);

/// Does a rule of `open` say that this may be done? Read as narrowly as one of `allow`.
[[nodiscard]] bool opens(const Policy& policy, const PolicyRequest& request);

}  // namespace strongroom::catalog
