// Steps of the schema about keys, sessions and policies. For migrations.cpp alone.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

namespace strongroom::store::sqlite {

inline constexpr std::string_view kPolicies = R"sql(
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

inline constexpr std::string_view kPolicyGuards = R"sql(
CREATE TABLE policy_guards (
  policy TEXT PRIMARY KEY REFERENCES policies (id),
  open TEXT NOT NULL,
  on_echo INTEGER NOT NULL CHECK (on_echo IN (0, 1)),
  on_misplaced INTEGER NOT NULL CHECK (on_misplaced IN (0, 1)),
  mac BLOB NOT NULL
) STRICT;
)sql";

inline constexpr std::string_view kSessionTerms = R"sql(
CREATE TABLE session_terms (
  session TEXT PRIMARY KEY REFERENCES sessions (id),
  idle_seconds INTEGER NOT NULL CHECK (idle_seconds >= 0),
  labels TEXT NOT NULL,
  mac BLOB NOT NULL
) STRICT;
)sql";

inline constexpr std::string_view kDynamic = R"sql(
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

inline constexpr std::string_view kTickets = R"sql(
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

inline constexpr std::string_view kRootSecrets = R"sql(
CREATE TABLE root_secrets (
  name TEXT PRIMARY KEY,
  value BLOB NOT NULL
) STRICT;
)sql";

inline constexpr std::string_view kRunnerCredentials = R"sql(
CREATE TABLE runner_credentials (
  session TEXT PRIMARY KEY REFERENCES sessions (id),
  credential_hash BLOB NOT NULL UNIQUE CHECK (length(credential_hash) = 32),
  mac BLOB NOT NULL
) STRICT;
)sql";

inline constexpr std::string_view kHealth = R"sql(
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

inline constexpr std::string_view kOAuth = R"sql(
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

inline constexpr std::string_view kDestructions = R"sql(
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

}  // namespace strongroom::store::sqlite
