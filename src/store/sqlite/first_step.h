// The first step of the schema. For migrations.cpp alone.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

namespace strongroom::store::sqlite {

inline constexpr std::string_view kFirst = R"sql(
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

}  // namespace strongroom::store::sqlite
