// Steps of the schema about how people and programs come in. For migrations.cpp alone.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

namespace strongroom::store::sqlite {

inline constexpr std::string_view kTokens = R"sql(
CREATE TABLE tokens (
  id TEXT PRIMARY KEY,
  tenant TEXT NOT NULL REFERENCES tenants (id),
  member TEXT REFERENCES members (id),
  name TEXT NOT NULL,
  role TEXT NOT NULL CHECK ((role = '') = (member IS NOT NULL)),
  scope TEXT NOT NULL CHECK (scope IN ('all', 'read', 'sessions')),
  for_any_member INTEGER NOT NULL CHECK (for_any_member = 0 OR (for_any_member = 1 AND member IS NULL)),
  token_hash BLOB NOT NULL UNIQUE CHECK (length(token_hash) = 32),
  state TEXT NOT NULL CHECK (state IN ('active', 'revoked')),
  created INTEGER NOT NULL,
  expires INTEGER NOT NULL,
  last_used INTEGER NOT NULL,
  mac BLOB NOT NULL
) STRICT;
CREATE INDEX tokens_by_tenant ON tokens (tenant);
)sql";

inline constexpr std::string_view kSignIn = R"sql(
CREATE TABLE passwords (
  member TEXT PRIMARY KEY REFERENCES members (id),
  cost TEXT NOT NULL,
  salt BLOB NOT NULL CHECK (length(salt) = 16),
  verifier BLOB NOT NULL CHECK (length(verifier) = 32),
  changed INTEGER NOT NULL,
  mac BLOB NOT NULL
) STRICT;
CREATE TABLE sign_ins (
  id TEXT PRIMARY KEY,
  tenant TEXT NOT NULL REFERENCES tenants (id),
  member TEXT NOT NULL REFERENCES members (id),
  cookie_hash BLOB NOT NULL UNIQUE CHECK (length(cookie_hash) = 32),
  page_hash BLOB NOT NULL CHECK (length(page_hash) = 32),
  made_from TEXT NOT NULL,
  created INTEGER NOT NULL,
  seen INTEGER NOT NULL,
  expires INTEGER NOT NULL,
  mac BLOB NOT NULL
) STRICT;
CREATE INDEX sign_ins_by_member ON sign_ins (member);
CREATE TABLE invitations (
  id TEXT PRIMARY KEY,
  tenant TEXT NOT NULL REFERENCES tenants (id),
  member TEXT NOT NULL REFERENCES members (id),
  invitation_hash BLOB NOT NULL UNIQUE CHECK (length(invitation_hash) = 32),
  without_integrations INTEGER NOT NULL CHECK (without_integrations IN (0, 1)),
  created INTEGER NOT NULL,
  expires INTEGER NOT NULL,
  mac BLOB NOT NULL
) STRICT;
CREATE INDEX invitations_by_member ON invitations (member);
)sql";

inline constexpr std::string_view kSecondFactors = R"sql(
CREATE TABLE second_factors (
  member TEXT PRIMARY KEY REFERENCES members (id),
  secret BLOB NOT NULL,
  recovery BLOB NOT NULL CHECK (length(recovery) % 32 = 0),
  last_step INTEGER NOT NULL,
  created INTEGER NOT NULL,
  confirmed INTEGER NOT NULL,
  mac BLOB NOT NULL
) STRICT;
)sql";

inline constexpr std::string_view kPasskeys = R"sql(
CREATE TABLE passkeys (
  id TEXT PRIMARY KEY,
  tenant TEXT NOT NULL REFERENCES tenants (id),
  member TEXT NOT NULL REFERENCES members (id),
  name TEXT NOT NULL,
  credential BLOB NOT NULL UNIQUE CHECK (length(credential) BETWEEN 1 AND 1023),
  public_key BLOB NOT NULL,
  counter INTEGER NOT NULL CHECK (counter BETWEEN 0 AND 4294967295),
  may_sync INTEGER NOT NULL CHECK (may_sync IN (0, 1)),
  created INTEGER NOT NULL,
  last_used INTEGER NOT NULL,
  mac BLOB NOT NULL
) STRICT;
CREATE INDEX passkeys_by_member ON passkeys (member);
)sql";

inline constexpr std::string_view kIdentities = R"sql(
CREATE TABLE identity_providers (
  id TEXT PRIMARY KEY,
  tenant TEXT NOT NULL REFERENCES tenants (id),
  name TEXT NOT NULL,
  issuer TEXT NOT NULL,
  client_id TEXT NOT NULL,
  secret BLOB NOT NULL,
  scopes TEXT NOT NULL,
  groups_claim TEXT NOT NULL,
  roles TEXT NOT NULL,
  other_role TEXT NOT NULL CHECK (other_role IN ('', 'owner', 'admin', 'member', 'auditor')),
  domains TEXT NOT NULL,
  metadata TEXT NOT NULL,
  created INTEGER NOT NULL,
  changed INTEGER NOT NULL,
  mac BLOB NOT NULL,
  UNIQUE (tenant, name)
) STRICT;
CREATE TABLE identities (
  id TEXT PRIMARY KEY,
  provider TEXT NOT NULL REFERENCES identity_providers (id),
  subject TEXT NOT NULL,
  tenant TEXT NOT NULL REFERENCES tenants (id),
  member TEXT NOT NULL REFERENCES members (id),
  created INTEGER NOT NULL,
  last_used INTEGER NOT NULL,
  mac BLOB NOT NULL,
  UNIQUE (provider, subject)
) STRICT;
CREATE INDEX identities_by_member ON identities (member);
)sql";

inline constexpr std::string_view kProvisioning = R"sql(
CREATE TABLE provisionings (
  provider TEXT PRIMARY KEY REFERENCES identity_providers (id),
  tenant TEXT NOT NULL REFERENCES tenants (id),
  token_hash BLOB NOT NULL UNIQUE CHECK (length(token_hash) = 32),
  created INTEGER NOT NULL,
  last_used INTEGER NOT NULL,
  mac BLOB NOT NULL
) STRICT;
CREATE TABLE provisioned_users (
  id TEXT PRIMARY KEY,
  provider TEXT NOT NULL REFERENCES identity_providers (id),
  tenant TEXT NOT NULL REFERENCES tenants (id),
  name TEXT NOT NULL,
  external_id TEXT NOT NULL,
  active INTEGER NOT NULL CHECK (active IN (0, 1)),
  withheld INTEGER NOT NULL CHECK (withheld IN (0, 1)),
  member TEXT REFERENCES members (id),
  document TEXT NOT NULL,
  version INTEGER NOT NULL,
  created INTEGER NOT NULL,
  changed INTEGER NOT NULL,
  mac BLOB NOT NULL,
  UNIQUE (provider, name)
) STRICT;
CREATE UNIQUE INDEX provisioned_users_by_external_id ON provisioned_users (provider, external_id) WHERE external_id != '';
CREATE UNIQUE INDEX provisioned_users_by_member ON provisioned_users (member) WHERE member IS NOT NULL;
CREATE TABLE provisioned_groups (
  id TEXT PRIMARY KEY,
  provider TEXT NOT NULL REFERENCES identity_providers (id),
  tenant TEXT NOT NULL REFERENCES tenants (id),
  name TEXT NOT NULL,
  external_id TEXT NOT NULL,
  version INTEGER NOT NULL,
  created INTEGER NOT NULL,
  changed INTEGER NOT NULL,
  mac BLOB NOT NULL,
  UNIQUE (provider, name)
) STRICT;
CREATE TABLE provisioned_memberships (
  group_id TEXT NOT NULL REFERENCES provisioned_groups (id),
  user TEXT NOT NULL REFERENCES provisioned_users (id),
  mac BLOB NOT NULL,
  PRIMARY KEY (group_id, user)
) STRICT;
CREATE INDEX provisioned_memberships_by_user ON provisioned_memberships (user);
)sql";

inline constexpr std::string_view kProviderSignIns = R"sql(
CREATE TABLE provider_sign_ins (
  id TEXT PRIMARY KEY,
  provider TEXT NOT NULL,
  subject TEXT NOT NULL,
  session TEXT NOT NULL,
  mac BLOB NOT NULL
) STRICT;
CREATE INDEX provider_sign_ins_by_subject ON provider_sign_ins (provider, subject);
)sql";

/// A row for each tenant that has rows (sealed_state.h).
inline constexpr std::string_view kTenantStates = R"sql(
CREATE TABLE tenant_states (
  tenant TEXT NOT NULL PRIMARY KEY,
  mac BLOB NOT NULL CHECK (length(mac) = 32)
) STRICT;
)sql";

}  // namespace strongroom::store::sqlite
