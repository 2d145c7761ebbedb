// SPDX-License-Identifier: Apache-2.0
#include "store/sqlite/migrations.h"

#include <array>

namespace strongroom::store::sqlite {
namespace {

constexpr std::string_view kFirst = R"sql(
CREATE TABLE state (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  revision INTEGER NOT NULL,
  mac BLOB NOT NULL
) STRICT;

CREATE TABLE seals (
  id TEXT PRIMARY KEY,
  kind TEXT NOT NULL,
  parameters TEXT NOT NULL,
  wrapped_root BLOB NOT NULL,
  created INTEGER NOT NULL
) STRICT;

CREATE TABLE installation (
  name TEXT PRIMARY KEY,
  value BLOB NOT NULL,
  mac BLOB NOT NULL
) STRICT;

CREATE TABLE tenants (
  id TEXT PRIMARY KEY,
  name TEXT NOT NULL UNIQUE,
  state TEXT NOT NULL CHECK (state IN ('active', 'removed')),
  wrapped_key BLOB NOT NULL,
  created INTEGER NOT NULL,
  mac BLOB NOT NULL
) STRICT;

CREATE TABLE epochs (
  tenant TEXT NOT NULL REFERENCES tenants (id),
  number INTEGER NOT NULL,
  wrapped_seed BLOB NOT NULL,
  created INTEGER NOT NULL,
  mac BLOB NOT NULL,
  PRIMARY KEY (tenant, number)
) STRICT;

CREATE TABLE members (
  id TEXT PRIMARY KEY,
  tenant TEXT NOT NULL REFERENCES tenants (id),
  name TEXT NOT NULL,
  role TEXT NOT NULL CHECK (role IN ('owner', 'admin', 'member', 'auditor')),
  state TEXT NOT NULL CHECK (state IN ('active', 'removed')),
  created INTEGER NOT NULL,
  mac BLOB NOT NULL
) STRICT;
CREATE INDEX members_by_name ON members (tenant, name);
CREATE UNIQUE INDEX members_name_once ON members (tenant, name) WHERE state = 'active';

CREATE TABLE keys (
  id TEXT PRIMARY KEY,
  tenant TEXT NOT NULL REFERENCES tenants (id),
  service TEXT NOT NULL,
  label TEXT NOT NULL,
  delivery INTEGER NOT NULL CHECK (delivery IN (1, 2)),
  home INTEGER NOT NULL,
  owner TEXT REFERENCES members (id),
  state TEXT NOT NULL CHECK (state IN ('active', 'rejected_by_provider', 'revoked')),
  version INTEGER NOT NULL CHECK (version >= 1),
  created INTEGER NOT NULL,
  changed INTEGER NOT NULL,
  last_characters TEXT NOT NULL CHECK (length(last_characters) <= 4),
  settings TEXT NOT NULL,
  mac BLOB NOT NULL,
  -- exactly one home: a skill secret has no owner, an integration has one
  CHECK ((home = 1 AND owner IS NULL) OR (home = 2 AND owner IS NOT NULL))
) STRICT;
CREATE INDEX keys_by_service ON keys (tenant, service);
CREATE INDEX keys_by_owner ON keys (owner);
CREATE UNIQUE INDEX keys_label_once ON keys (tenant, service, label, coalesce(owner, ''))
  WHERE state <> 'revoked';

CREATE TABLE key_versions (
  key TEXT NOT NULL REFERENCES keys (id),
  version INTEGER NOT NULL,
  epoch INTEGER NOT NULL,
  record BLOB NOT NULL,
  created INTEGER NOT NULL,
  not_after INTEGER NOT NULL,
  mac BLOB NOT NULL,
  PRIMARY KEY (key, version)
) STRICT;

CREATE TABLE skills (
  id TEXT PRIMARY KEY,
  tenant TEXT NOT NULL REFERENCES tenants (id),
  name TEXT NOT NULL,
  services TEXT NOT NULL,
  created INTEGER NOT NULL,
  mac BLOB NOT NULL,
  UNIQUE (tenant, name)
) STRICT;

CREATE TABLE sessions (
  id TEXT PRIMARY KEY,
  tenant TEXT NOT NULL REFERENCES tenants (id),
  member TEXT NOT NULL REFERENCES members (id),
  state TEXT NOT NULL CHECK (state IN ('open', 'ended')),
  runtime TEXT NOT NULL,
  started INTEGER NOT NULL,
  ended INTEGER NOT NULL,
  expires INTEGER NOT NULL,
  ended_why TEXT NOT NULL,
  mac BLOB NOT NULL
) STRICT;
CREATE INDEX sessions_by_tenant ON sessions (tenant, state);
CREATE INDEX sessions_by_member ON sessions (member, state);
CREATE INDEX sessions_by_state ON sessions (state);

CREATE TABLE grants (
  id TEXT PRIMARY KEY,
  session TEXT NOT NULL REFERENCES sessions (id),
  key TEXT NOT NULL REFERENCES keys (id),
  service TEXT NOT NULL,
  label TEXT NOT NULL,
  pass_hash BLOB NOT NULL,
  mac BLOB NOT NULL
) STRICT;
-- a partial index alone would not serve a look-up: its condition is not in the query
CREATE INDEX grants_by_hash ON grants (pass_hash);
CREATE UNIQUE INDEX grants_by_pass ON grants (pass_hash) WHERE length(pass_hash) > 0;
CREATE INDEX grants_by_session ON grants (session);
CREATE INDEX grants_by_key ON grants (key);

CREATE TABLE receipts (
  id TEXT PRIMARY KEY,
  tenant TEXT NOT NULL,
  subject TEXT NOT NULL,
  document TEXT NOT NULL,
  created INTEGER NOT NULL,
  mac BLOB NOT NULL
) STRICT;
CREATE INDEX receipts_by_subject ON receipts (subject);
)sql";

constexpr std::string_view kPolicies = R"sql(
CREATE TABLE policies (
  id TEXT PRIMARY KEY,
  tenant TEXT NOT NULL REFERENCES tenants (id),
  service TEXT NOT NULL,
  key TEXT REFERENCES keys (id),
  allow TEXT NOT NULL,
  deny TEXT NOT NULL,
  requests_per_minute INTEGER NOT NULL CHECK (requests_per_minute >= 0),
  concurrent INTEGER NOT NULL CHECK (concurrent >= 0),
  bytes_per_day INTEGER NOT NULL CHECK (bytes_per_day >= 0),
  budget_unit TEXT NOT NULL,
  budget_per_day INTEGER NOT NULL CHECK (budget_per_day >= 0),
  tunnels TEXT NOT NULL,
  changed INTEGER NOT NULL,
  mac BLOB NOT NULL,
  CHECK (key IS NULL OR service <> '')
) STRICT;
CREATE UNIQUE INDEX policies_once ON policies (tenant, service, coalesce(key, ''));
CREATE INDEX policies_by_key ON policies (key);

CREATE TABLE spending (
  policy TEXT PRIMARY KEY REFERENCES policies (id),
  day INTEGER NOT NULL,
  bytes INTEGER NOT NULL CHECK (bytes >= 0),
  units INTEGER NOT NULL CHECK (units >= 0),
  mac BLOB NOT NULL
) STRICT;
)sql";

constexpr std::string_view kPolicyGuards = R"sql(
CREATE TABLE policy_guards (
  policy TEXT PRIMARY KEY REFERENCES policies (id),
  open TEXT NOT NULL,
  on_echo INTEGER NOT NULL CHECK (on_echo IN (0, 1)),
  on_misplaced INTEGER NOT NULL CHECK (on_misplaced IN (0, 1)),
  mac BLOB NOT NULL
) STRICT;
)sql";

constexpr std::string_view kSessionTerms = R"sql(
CREATE TABLE session_terms (
  session TEXT PRIMARY KEY REFERENCES sessions (id),
  idle_seconds INTEGER NOT NULL CHECK (idle_seconds >= 0),
  labels TEXT NOT NULL,
  mac BLOB NOT NULL
) STRICT;
)sql";

constexpr std::string_view kDynamic = R"sql(
CREATE TABLE dynamic_credentials (
  id TEXT PRIMARY KEY,
  session TEXT NOT NULL REFERENCES sessions (id),
  key TEXT NOT NULL REFERENCES keys (id),
  name TEXT NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('minting', 'live', 'destroyed')),
  reference TEXT NOT NULL,
  value BLOB NOT NULL,
  means BLOB NOT NULL,
  created INTEGER NOT NULL,
  changed INTEGER NOT NULL,
  mac BLOB NOT NULL,
  CHECK (state <> 'destroyed' OR (length(value) = 0 AND length(means) = 0))
) STRICT;
CREATE INDEX dynamic_by_session ON dynamic_credentials (session);
CREATE INDEX dynamic_by_key ON dynamic_credentials (key);
CREATE INDEX dynamic_by_state ON dynamic_credentials (state);
)sql";

constexpr std::string_view kTickets = R"sql(
CREATE TABLE tickets (
  id TEXT PRIMARY KEY,
  tenant TEXT NOT NULL REFERENCES tenants (id),
  member TEXT NOT NULL REFERENCES members (id),
  ticket_hash BLOB NOT NULL UNIQUE CHECK (length(ticket_hash) = 32),
  wish TEXT NOT NULL,
  created INTEGER NOT NULL,
  expires INTEGER NOT NULL,
  used INTEGER NOT NULL,
  session TEXT REFERENCES sessions (id),
  mac BLOB NOT NULL
) STRICT;
CREATE INDEX tickets_by_tenant ON tickets (tenant);
)sql";

constexpr std::string_view kRootSecrets = R"sql(
CREATE TABLE root_secrets (
  name TEXT PRIMARY KEY,
  value BLOB NOT NULL
) STRICT;
)sql";

constexpr std::string_view kTokens = R"sql(
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

constexpr std::string_view kRunnerCredentials = R"sql(
CREATE TABLE runner_credentials (
  session TEXT PRIMARY KEY REFERENCES sessions (id),
  credential_hash BLOB NOT NULL UNIQUE CHECK (length(credential_hash) = 32),
  mac BLOB NOT NULL
) STRICT;
)sql";

constexpr std::string_view kSignIn = R"sql(
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

constexpr std::string_view kSecondFactors = R"sql(
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

constexpr std::string_view kHealth = R"sql(
CREATE TABLE health (
  subject TEXT PRIMARY KEY,
  checks INTEGER NOT NULL CHECK (checks IN (0, 1)),
  told TEXT NOT NULL,
  mac BLOB NOT NULL
) STRICT;
CREATE TABLE notices (
  id TEXT PRIMARY KEY,
  hook TEXT NOT NULL,
  body TEXT NOT NULL,
  created INTEGER NOT NULL,
  attempts INTEGER NOT NULL,
  next INTEGER NOT NULL,
  mac BLOB NOT NULL
) STRICT;
)sql";

constexpr std::string_view kPasskeys = R"sql(
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

constexpr std::string_view kOAuth = R"sql(
CREATE TABLE oauth_clients (
  name TEXT PRIMARY KEY,
  service TEXT NOT NULL,
  issuer TEXT NOT NULL,
  client_id TEXT NOT NULL,
  secret BLOB NOT NULL,
  scopes TEXT NOT NULL,
  metadata TEXT NOT NULL,
  created INTEGER NOT NULL,
  changed INTEGER NOT NULL,
  mac BLOB NOT NULL
) STRICT;
CREATE TABLE oauth_grants (
  id TEXT PRIMARY KEY,
  key TEXT NOT NULL REFERENCES keys (id),
  client TEXT NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('live', 'needs_login', 'owed', 'left', 'destroyed')),
  tokens BLOB NOT NULL,
  handover BLOB NOT NULL,
  expires INTEGER NOT NULL,
  created INTEGER NOT NULL,
  changed INTEGER NOT NULL,
  mac BLOB NOT NULL,
  CHECK (state NOT IN ('left', 'destroyed') OR (length(tokens) = 0 AND length(handover) = 0))
) STRICT;
CREATE INDEX oauth_grants_by_key ON oauth_grants (key);
CREATE INDEX oauth_grants_by_state ON oauth_grants (state);
)sql";

constexpr std::string_view kIdentities = R"sql(
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

constexpr std::string_view kProvisioning = R"sql(
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

constexpr std::string_view kProviderSignIns = R"sql(
CREATE TABLE provider_sign_ins (
  id TEXT PRIMARY KEY,
  provider TEXT NOT NULL,
  subject TEXT NOT NULL,
  session TEXT NOT NULL,
  mac BLOB NOT NULL
) STRICT;
CREATE INDEX provider_sign_ins_by_subject ON provider_sign_ins (provider, subject);
)sql";

constexpr std::string_view kDestructions = R"sql(
CREATE TABLE destructions (
  id TEXT PRIMARY KEY,
  key TEXT NOT NULL REFERENCES keys (id),
  state TEXT NOT NULL CHECK (state IN ('owed', 'destroyed', 'left')),
  value BLOB NOT NULL,
  created INTEGER NOT NULL,
  changed INTEGER NOT NULL,
  mac BLOB NOT NULL,
  CHECK (state = 'owed' OR length(value) = 0)
) STRICT;
CREATE INDEX destructions_by_key ON destructions (key);
CREATE INDEX destructions_by_state ON destructions (state);
)sql";

constexpr std::array<Migration, 18> kMigrations = {{{1, kFirst},
                                                    {2, kPolicies},
                                                    {3, kPolicyGuards},
                                                    {4, kSessionTerms},
                                                    {5, kDynamic},
                                                    {6, kTickets},
                                                    {7, kRootSecrets},
                                                    {8, kTokens},
                                                    {9, kRunnerCredentials},
                                                    {10, kSignIn},
                                                    {11, kSecondFactors},
                                                    {12, kHealth},
                                                    {13, kPasskeys},
                                                    {14, kOAuth},
                                                    {15, kIdentities},
                                                    {16, kProvisioning},
                                                    {17, kProviderSignIns},
                                                    {18, kDestructions}}};

}  // namespace

std::span<const Migration> migrations() {
  return kMigrations;
}

}  // namespace strongroom::store::sqlite
