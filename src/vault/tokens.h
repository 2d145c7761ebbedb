// Tokens: what programs call the control API with. A personal one acts as its member, with the role
// that the member has at that moment; a machine's belongs to its tenant and has a role of its own.
// Only a token's hash is kept: it is shown once. SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include "base/access_ids.h"
#include "base/clock.h"
#include "vault/actor.h"

namespace strongroom::vault {

/// How a token begins, so that one is known for what it is wherever it turns up.
inline constexpr std::string_view kTokenStart = "sra_";
inline constexpr std::chrono::hours kTokenTime{24 * 90};
inline constexpr std::chrono::hours kLongestToken{24 * 366};
inline constexpr std::size_t kMostTokens = 1000;  ///< of one tenant, that are good

struct NewToken {
  std::string tenant;
  std::string member;         ///< empty: a machine's
  std::string name;           ///< what people call it by
  std::string role;           ///< of a machine's: "admin", "member", "auditor"
  std::string scope = "all";  ///< "all", "read", "sessions"
  /// A machine's: it runs sessions on behalf of every member. The operator alone gives this.
  bool for_any_member = false;
  std::chrono::seconds valid{kTokenTime};  ///< at most kLongestToken
};

struct TokenView {
  TokenId id;
  std::string tenant;
  std::string member;  ///< empty: a machine's
  std::string name;
  std::string role;  ///< empty: its member's
  std::string scope;
  bool for_any_member = false;
  std::string state;  ///< "active", "expired", "revoked"
  WallTime created{};
  WallTime expires{};
  std::optional<WallTime> last_used;  ///< to the hour
};

/// The only time that the token itself is known.
struct IssuedToken {
  TokenView view;
  std::string token;
};

/// What a scope leaves of the rights of a role; none for a word that is no scope.
[[nodiscard]] std::optional<Rights> rights_in(std::string_view scope);

}  // namespace strongroom::vault
