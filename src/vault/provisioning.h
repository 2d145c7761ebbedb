// Provisioning: people and groups that a tenant's identity provider keeps up to date here (SCIM).
//
// Used by: api (the SCIM door). Threads: the vault's loop. What is provisioned is not a member yet:
// somebody is one once a group of theirs has a role, by the provider's table (identity.h). Without
// any role left they keep what is theirs and have no access; switched off or deleted by the
// provider they are removed as by `member remove`, with a receipt. SPDX-License-Identifier:
// Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/access_ids.h"
#include "base/clock.h"
#include "base/id.h"

namespace strongroom::vault {

/// How a provider's token begins, so that one is known for what it is wherever it turns up.
inline constexpr std::string_view kProvisioningStart = "srp_";
inline constexpr std::size_t kMostProvisionedUsers = 10'000;  ///< of a provider
inline constexpr std::size_t kMostProvisionedGroups = 1'000;
inline constexpr std::size_t kLongestProvisionedDocument = 16 * 1024;

/// Who provisions: found by its token.
struct Provisioner {
  IdentityProviderId provider;
  TenantId tenant;
};

/// The only time that the token itself is known.
struct IssuedProvisioning {
  std::string tenant;
  std::string provider;
  std::string token;
};

/// What the provider wants somebody to be.
struct ProvisionedUserChange {
  std::string name;         ///< userName; unique within the provider whatever its capitals
  std::string external_id;  ///< may be empty; its tokens' `sub` where people sign in through it
  bool is_active = true;
  std::string document;                  ///< JSON object, kept as it is
  std::optional<std::int64_t> expected;  ///< the version that is changed; none: whatever it is
};
struct ProvisionedUserView {
  ProvisionedUserId id;
  bool is_active = true;  ///< false too of one who was removed here, and stays that
  std::string document;
  std::vector<std::pair<ProvisionedGroupId, std::string>> groups;  ///< and what they are called
  std::int64_t version = 1;
  WallTime created{};
  WallTime changed{};
};

struct ProvisionedGroupChange {
  std::string name;  ///< displayName; unique within the provider
  std::string external_id;
  std::vector<ProvisionedUserId> members;
  std::optional<std::int64_t> expected;
};
struct ProvisionedGroupView {
  ProvisionedGroupId id;
  std::string name;
  std::string external_id;
  std::vector<ProvisionedUserId> members;
  std::int64_t version = 1;
  WallTime created{};
  WallTime changed{};
};

}  // namespace strongroom::vault
