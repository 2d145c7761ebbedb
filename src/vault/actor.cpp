// SPDX-License-Identifier: Apache-2.0
#include "vault/actor.h"

#include <algorithm>
#include <array>

namespace strongroom::vault {
namespace {

constexpr std::array<std::string_view, 4> kRoles = {"owner", "admin", "member", "auditor"};
constexpr std::array<std::string_view, static_cast<std::size_t>(kLastRight) + 1> kRights = {
    "operate",           "look",        "see_all", "administer", "appoint_owners",
    "keep_integrations", "run_sessions"};

}  // namespace

std::string_view name_of(Role role) {
  return kRoles.at(static_cast<std::size_t>(role));
}

std::optional<Role> role_of(std::string_view name) {
  const auto* const found = std::ranges::find(kRoles, name);
  if (found == kRoles.end()) return std::nullopt;
  return static_cast<Role>(found - kRoles.begin());
}

std::string_view name_of(Right right) {
  return kRights.at(static_cast<std::size_t>(right));
}

Rights rights_of(Role role) {
  using enum Right;
  switch (role) {
    case Role::Owner:
      return Rights(Look, SeeAll, Administer, AppointOwners, KeepIntegrations, RunSessions);
    case Role::Admin:
      return Rights(Look, SeeAll, Administer, KeepIntegrations, RunSessions);
    case Role::Member:
      return Rights(Look, KeepIntegrations, RunSessions);
    case Role::Auditor:
      return Rights(Look, SeeAll);
  }
  return {};
}

Status Actor::need(Right right) const {
  if (has(right)) return {};
  const std::string who =
      standing_ ? "The role '" + std::string(name_of(standing_->role)) + "', or this credential,"
                : "Nobody";
  return fail(Code::Refused, who + " may not do that: ask an owner of the tenant.",
              "role_not_allowed");
}

Status need_to_appoint(const Actor& actor, std::string_view role) {
  return actor.need(role == name_of(Role::Owner) ? Right::AppointOwners : Right::Administer);
}

}  // namespace strongroom::vault
