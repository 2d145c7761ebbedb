// Rows of provisioning by identity providers (SCIM). For rows.h alone. SPDX-License-Identifier:
// Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/access_ids.h"
#include "base/bytes.h"
#include "base/id.h"

namespace strongroom::store {

/// What an identity provider says by which people and groups it provisions. While there is one,
/// nobody who is not provisioned becomes a member through that provider.
struct Provisioning {
  static constexpr std::string_view kTable = "provisionings";
  IdentityProviderId provider;
  TenantId tenant;
  ByteVector hash;  ///< SHA-256 of the token
  std::int64_t created = 0;
  std::int64_t last_used = 0;  ///< to the hour; 0: never
  template <class Self, class Visitor>
  static void columns(Self& self, Visitor&& visit) {
    visit("provider", self.provider);
    visit("tenant", self.tenant);
    visit("token_hash", self.hash);
    visit("created", self.created);
    visit("last_used", self.last_used);
  }
};

/// Somebody whom a provider has provisioned, and whom that is here.
struct ProvisionedUser {
  static constexpr std::string_view kTable = "provisioned_users";
  ProvisionedUserId id;
  IdentityProviderId provider;
  TenantId tenant;
  std::string name;                ///< userName in small letters: unique within the provider
  std::string external_id;         ///< the provider's own; its tokens' `sub` is compared with it
  std::int64_t active = 1;         ///< 0: the provider has switched them off
  std::int64_t withheld = 0;       ///< 1: no group has a role for them any more: no access
  std::optional<MemberId> member;  ///< none: no group has had a role for them yet, or switched off
  std::string document;            ///< JSON object: the attributes that are kept for the provider
  std::int64_t version = 1;
  std::int64_t created = 0;
  std::int64_t changed = 0;
  template <class Self, class Visitor>
  static void columns(Self& self, Visitor&& visit) {
    visit("id", self.id);
    visit("provider", self.provider);
    visit("tenant", self.tenant);
    visit("name", self.name);
    visit("external_id", self.external_id);
    visit("active", self.active);
    visit("withheld", self.withheld);
    visit("member", self.member);
    visit("document", self.document);
    visit("version", self.version);
    visit("created", self.created);
    visit("changed", self.changed);
  }
};

struct ProvisionedGroup {
  static constexpr std::string_view kTable = "provisioned_groups";
  ProvisionedGroupId id;
  IdentityProviderId provider;
  TenantId tenant;
  std::string name;         ///< displayName, as it is
  std::string external_id;  ///< the provider's own; may be empty
  std::int64_t version = 1;
  std::int64_t created = 0;
  std::int64_t changed = 0;
  template <class Self, class Visitor>
  static void columns(Self& self, Visitor&& visit) {
    visit("id", self.id);
    visit("provider", self.provider);
    visit("tenant", self.tenant);
    visit("name", self.name);
    visit("external_id", self.external_id);
    visit("version", self.version);
    visit("created", self.created);
    visit("changed", self.changed);
  }
};

/// Who is in which group.
struct ProvisionedMembership {
  static constexpr std::string_view kTable = "provisioned_memberships";
  ProvisionedGroupId group;
  ProvisionedUserId user;
  template <class Self, class Visitor>
  static void columns(Self& self, Visitor&& visit) {
    visit("group_id", self.group);
    visit("user", self.user);
  }
};

}  // namespace strongroom::store
