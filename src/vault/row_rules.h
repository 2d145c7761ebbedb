// The states of rows in words, and small rules about rows. Internal to this room.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "audit/entries.h"
#include "base/result.h"
#include "base/secret.h"
#include "store/rows.h"
#include "vault/actor.h"
#include "vault/session_views.h"

namespace strongroom::vault {

inline constexpr std::string_view kActive = "active";
inline constexpr std::string_view kRemoved = "removed";
inline constexpr std::string_view kRevoked = "revoked";
inline constexpr std::string_view kRejected = "rejected_by_provider";
// Told of a key, and never stored:
inline constexpr std::string_view kExpiring = "expiring";
inline constexpr std::string_view kExpired = "expired";
inline constexpr std::string_view kNeedsLogin = "needs_login";
inline constexpr std::string_view kOpen = "open";
inline constexpr std::string_view kEnded = "ended";

/// Whose a doing is that is for people who have signed in, and for nobody else. sign_in_needed.
[[nodiscard]] Result<MemberId> person_of(const Actor& actor);

/// What an act was about: a member and, for people, a word.
[[nodiscard]] audit::Act about(TenantId tenant, MemberId member, std::string detail = {});

[[nodiscard]] bool is_injected(const store::Key& key);
/// Does each session get a credential of its own, made by this key?
[[nodiscard]] bool is_dynamic(const Settings& settings);
[[nodiscard]] Status check_dynamic(std::string_view service, const Settings& settings,
                                   const Secret& value);

}  // namespace strongroom::vault
