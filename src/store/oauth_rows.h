// Rows of logins at services (rows.h). SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/dynamic_id.h"
#include "base/id.h"

namespace strongroom::store {

/// Who this installation is at a service's authorization server.
struct OAuthClient {
  static constexpr std::string_view kTable = "oauth_clients";
  std::string name;  ///< the service's id, or one of its own
  std::string service;
  std::string issuer;  ///< of which its endpoints were asked; empty: they are the catalogue's
  std::string client_id;
  ByteVector secret;            ///< sealed; empty: it has none
  std::string scopes = "[]";    ///< JSON array; empty: the catalogue's
  std::string metadata = "{}";  ///< JSON object of texts: what the issuer said of itself
  std::int64_t created = 0;
  std::int64_t changed = 0;
  template <class Self, class Visitor>
  static void columns(Self& self, Visitor&& visit) {
    visit("name", self.name);
    visit("service", self.service);
    visit("issuer", self.issuer);
    visit("client_id", self.client_id);
    visit("secret", self.secret);
    visit("scopes", self.scopes);
    visit("metadata", self.metadata);
    visit("created", self.created);
    visit("changed", self.changed);
  }
};

/// What a member's login gave beside the key that is its access token, and what becomes of it.
struct OAuthGrant {
  static constexpr std::string_view kTable = "oauth_grants";
  DynamicId id;
  KeyId key;
  std::string client;  ///< name of the client that it was given to
  /// "live", "needs_login"; once the key is revoked "owed" (to be ended at the provider), then
  /// "destroyed", or "left" where the provider has no call for that
  std::string state;
  ByteVector tokens;    ///< sealed: access and refresh token; empty once destroyed or left
  ByteVector handover;  ///< sealed: opens what the refresh under way leaves; empty: there is none
  std::int64_t expires = 0;  ///< of the access token; 0: not known
  std::int64_t created = 0;
  std::int64_t changed = 0;
  template <class Self, class Visitor>
  static void columns(Self& self, Visitor&& visit) {
    visit("id", self.id);
    visit("key", self.key);
    visit("client", self.client);
    visit("state", self.state);
    visit("tokens", self.tokens);
    visit("handover", self.handover);
    visit("expires", self.expires);
    visit("created", self.created);
    visit("changed", self.changed);
  }
};

}  // namespace strongroom::store
