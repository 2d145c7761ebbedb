// Rows of sign-in through identity providers. For rows.h alone. SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/access_ids.h"
#include "base/bytes.h"
#include "base/id.h"

namespace strongroom::store {

/// Who a tenant's people may sign in through (OpenID Connect), and who this installation is there.
struct IdentityProvider {
  static constexpr std::string_view kTable = "identity_providers";
  IdentityProviderId id;
  TenantId tenant;
  std::string name;  ///< unique within the tenant
  std::string issuer;
  std::string client_id;
  ByteVector secret;          ///< sealed; empty: it has none
  std::string scopes = "[]";  ///< JSON array
  std::string groups_claim;
  std::string roles = "{}";     ///< JSON object: group to role
  std::string other_role;       ///< of whom no group has a role for; empty: they are not let in
  std::string domains = "[]";   ///< JSON array of email domains; empty: any
  std::string metadata = "{}";  ///< JSON object of texts: what the issuer said of itself
  std::int64_t created = 0;
  std::int64_t changed = 0;
  template <class Self, class Visitor>
  static void columns(Self& self, Visitor&& visit) {
    visit("id", self.id);
    visit("tenant", self.tenant);
    visit("name", self.name);
    visit("issuer", self.issuer);
    visit("client_id", self.client_id);
    visit("secret", self.secret);
    visit("scopes", self.scopes);
    visit("groups_claim", self.groups_claim);
    visit("roles", self.roles);
    visit("other_role", self.other_role);
    visit("domains", self.domains);
    visit("metadata", self.metadata);
    visit("created", self.created);
    visit("changed", self.changed);
  }
};

/// Whom somebody at a provider is here. It stays when its member is removed, who stays removed by
/// that.
struct Identity {
  static constexpr std::string_view kTable = "identities";
  IdentityId id;
  IdentityProviderId provider;
  std::string subject;  ///< as the issuer calls them; never an address
  TenantId tenant;
  MemberId member;
  std::int64_t created = 0;
  std::int64_t last_used = 0;  ///< 0: never
  template <class Self, class Visitor>
  static void columns(Self& self, Visitor&& visit) {
    visit("id", self.id);
    visit("provider", self.provider);
    visit("subject", self.subject);
    visit("tenant", self.tenant);
    visit("member", self.member);
    visit("created", self.created);
    visit("last_used", self.last_used);
  }
};

/// Of a sign-in that came by a provider: whose it is there, so that the provider can end it. It
/// goes with its sign-in.
struct ProviderSignIn {
  static constexpr std::string_view kTable = "provider_sign_ins";
  SignInId id;
  IdentityProviderId provider;
  std::string subject;
  std::string session;  ///< as the provider calls it (`sid`); empty: it did not say
  template <class Self, class Visitor>
  static void columns(Self& self, Visitor&& visit) {
    visit("id", self.id);
    visit("provider", self.provider);
    visit("subject", self.subject);
    visit("session", self.session);
  }
};

}  // namespace strongroom::store
