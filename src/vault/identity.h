// Identities: members who come in through their tenant's identity provider (OpenID Connect).
//
// Used by: api, app (LoginKeeper has the provider asked). Threads: the vault's loop. Nothing is
// kept of a sign-in that was begun: its `state` carries what it is for under a MAC (challenges.h),
// and its nonce and PKCE verifier are made of it by a key of this process. Whom an identity is of
// is decided by issuer and subject, never by a name or an address. SPDX-License-Identifier:
// Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/access_ids.h"
#include "base/bytes.h"
#include "base/clock.h"
#include "base/id.h"
#include "base/secret.h"
#include "crypto/crypto.h"
#include "dynamic/job.h"

namespace strongroom::vault {

struct NewIdentityProvider {
  std::string tenant;
  std::string name;
  std::string issuer;
  std::string client_id;
  std::vector<std::string> scopes;                         ///< empty: openid, email and profile
  std::string groups_claim;                                ///< empty: groups
  std::vector<std::pair<std::string, std::string>> roles;  ///< group, role
  std::string other_role;  ///< of whom no group has a role for; empty: they are not let in
  std::vector<std::string> domains;  ///< of email addresses; empty: any
};

struct IdentityProviderView {
  IdentityProviderId id;
  std::string tenant;
  std::string name;
  std::string issuer;
  std::string client_id;
  bool has_secret = false;
  std::vector<std::string> scopes;
  std::string groups_claim;
  std::vector<std::pair<std::string, std::string>> roles;
  std::string other_role;
  std::vector<std::string> domains;
  bool is_ready = false;         ///< false: its issuer has not been asked yet
  bool is_provisioning = false;  ///< people and groups are kept up to date by it (provisioning.h)
  WallTime created{};
};

struct IdentityView {
  IdentityId id;
  std::string tenant;
  std::string member;
  std::string provider;
  std::string subject;
  WallTime created{};
  WallTime last_used{};  ///< time zero: never
};

/// What a browser has brought back. Without a code, `error` says why.
struct IdentityAnswer {
  std::string state;
  std::string issuer;
  std::string error;
  Secret code;
  crypto::Digest browser{};  ///< hash of what that browser alone has
};

/// Who a provider is asked about; good once.
struct IdentityAttempt {
  ByteVector challenge;
  IdentityProviderId provider;
  std::optional<MemberId> member;  ///< who wants to be known by it; none: a sign-in
  crypto::Digest browser{};
  std::vector<std::string> groups;  ///< that its job asks about, in their order
};
struct IdentityJob {
  IdentityAttempt attempt;
  TenantId tenant;  ///< on whose account the provider is asked
  dynamic::Job job;
};

/// Where a browser goes that has signed out here, to be signed out at its provider too.
struct ProviderLogout {
  std::string url;
  std::string state;  ///< comes back with the browser
};

/// What a provider has sent by itself: whom it has signed out (Back-Channel Logout 1.0).
struct LogoutJob {
  IdentityProviderId provider;
  TenantId tenant;
  dynamic::Job job;
};

inline constexpr std::size_t kMostProviders = 10;  ///< of a tenant
inline constexpr std::size_t kMostRoleGroups = 64;
inline constexpr std::size_t kMostIdentities = 10;  ///< of a member

}  // namespace strongroom::vault
