// Actor: who asks, and what they may do (docs/roles.md is this in words).
//
// Used by: every call of the vault that people reach. One that belongs to a tenant sees nothing of
// any other: what is there reads like what is not. Threads: values.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "base/access_ids.h"
#include "base/id.h"
#include "base/result.h"

namespace strongroom::vault {

enum class Role : std::uint8_t { Owner, Admin, Member, Auditor };

/// "owner", "admin", "member", "auditor".
[[nodiscard]] std::string_view name_of(Role role);
[[nodiscard]] std::optional<Role> role_of(std::string_view name);

/// What can be allowed. The operator has all of them; a role has some, in its tenant.
enum class Right : std::uint8_t {
  Operate,           ///< tenants, seals, searches: the operator alone
  Look,              ///< names of members, skills, policies; skill secrets; what is one's own
  SeeAll,            ///< also other members' integrations and sessions, receipts, the whole record
  Administer,        ///< members, skill secrets, skills, policies; revokes and ends anybody's
  AppointOwners,     ///< make and remove owners
  KeepIntegrations,  ///< one's own: add, rotate, check, revoke
  RunSessions,       ///< on one's own behalf: start, end, tickets
};
inline constexpr Right kLastRight = Right::RunSessions;
[[nodiscard]] std::string_view name_of(Right right);

class Rights {
 public:
  constexpr Rights() = default;
  template <class... More>
  constexpr explicit Rights(Right first, More... more) : bits_((bit(first) | ... | bit(more))) {}
  [[nodiscard]] constexpr bool has(Right right) const { return (bits_ & bit(right)) != 0; }
  [[nodiscard]] constexpr Rights in_common_with(Rights other) const {
    Rights both;
    both.bits_ = bits_ & other.bits_;
    return both;
  }

 private:
  static constexpr std::uint32_t bit(Right right) {
    return std::uint32_t{1} << static_cast<unsigned>(right);
  }
  std::uint32_t bits_ = 0;
};
[[nodiscard]] Rights rights_of(Role role);

/// Where in a tenant one stands.
struct Standing {
  TenantId tenant;
  std::optional<MemberId> member;  ///< none: a machine, which has no integrations
  Role role = Role::Auditor;
  Rights rights;
  bool for_any_member = false;           ///< runs sessions on behalf of every member of the tenant
  bool by_token = false;                 ///< a program's, not a person who has signed in
  std::optional<SignInId> sign_in = {};  ///< of a person who has: in which browser
};

class Actor {
 public:
  /// The operator, or a part of the installation itself.
  [[nodiscard]] static Actor installation(std::string name) { return Actor(std::move(name), {}); }
  [[nodiscard]] static Actor in_tenant(std::string name, Standing standing) {
    return {std::move(name), std::move(standing)};
  }
  /// "operator", "member mem_...", as the record has it.
  [[nodiscard]] const std::string& name() const { return name_; }
  [[nodiscard]] const std::optional<Standing>& standing() const { return standing_; }

  [[nodiscard]] bool has(Right right) const {
    return !standing_ || (right != Right::Operate && standing_->rights.has(right));
  }
  /// Refused (role_not_allowed) without it.
  [[nodiscard]] Status need(Right right) const;
  [[nodiscard]] bool is_of(TenantId tenant) const {
    return !standing_ || standing_->tenant == tenant;
  }
  /// This member themself, or the installation.
  [[nodiscard]] bool is(const std::optional<MemberId>& member) const {
    return !standing_ || (member && standing_->member == member);
  }
  /// Whose sessions it may run: its own, or where it may do so for all, anybody's.
  [[nodiscard]] bool runs_for(MemberId member) const {
    return is(member) || standing_->for_any_member;
  }

 private:
  Actor(std::string name, std::optional<Standing> standing)
      : name_(std::move(name)), standing_(std::move(standing)) {}
  std::string name_;
  std::optional<Standing> standing_;
};

/// Owners are made and unmade by owners alone; others by whoever administers.
[[nodiscard]] Status need_to_appoint(const Actor& actor, std::string_view role);

}  // namespace strongroom::vault
