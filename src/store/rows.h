// Rows: everything that is persistent, one plain struct a table.
//
// Used by: vault (meaning), sqlite/ (binding), tests (which change every column of every row). Each
// struct lists its columns in columns(visitor), in table order; binding, reading, the
// authentication of rows and the tests all walk that one list. Times are microseconds since 1970.
// Threads: values. SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/access_ids.h"
#include "base/bytes.h"
#include "base/dynamic_id.h"
#include "base/id.h"
#include "base/notice_id.h"
#include "base/ticket_id.h"
#include "store/destruction_rows.h"
#include "store/identity_rows.h"
#include "store/oauth_rows.h"
#include "store/passkey_rows.h"
#include "store/provisioning_rows.h"

namespace strongroom::store {

/// A way to the root key: the root key sealed under it.
struct Seal {
  static constexpr std::string_view kTable = "seals";
  SealId id;
  std::string kind;        ///< "file", "passphrase", "shares"
  std::string parameters;  ///< JSON: salt and cost of Argon2id; how many shares; a path
  ByteVector wrapped_root;
  std::int64_t created = 0;
  template <class Self, class Visitor>
  static void columns(Self& self, Visitor&& visit) {
    visit("id", self.id);
    visit("kind", self.kind);
    visit("parameters", self.parameters);
    visit("wrapped_root", self.wrapped_root);
    visit("created", self.created);
  }
};

/// A value of the installation's own that outlives any root key: sealed under the one of today.
struct RootSecret {
  static constexpr std::string_view kTable = "root_secrets";
  std::string name;  ///< "rows", "record of use", "gateway authority"
  ByteVector value;
  template <class Self, class Visitor>
  static void columns(Self& self, Visitor&& visit) {
    visit("name", self.name);
    visit("value", self.value);
  }
};

/// Small things of the installation, by name; values are sealed records where they are secret.
struct Installation {
  static constexpr std::string_view kTable = "installation";
  std::string name;  ///< "id", "signing_key", "link_key", "operator_token_hash"
  ByteVector value;
  template <class Self, class Visitor>
  static void columns(Self& self, Visitor&& visit) {
    visit("name", self.name);
    visit("value", self.value);
  }
};

struct Tenant {
  static constexpr std::string_view kTable = "tenants";
  TenantId id;
  std::string name;
  std::string state;       ///< "active", "removed"
  ByteVector wrapped_key;  ///< the tenant key under the root key; empty once destroyed
  std::int64_t created = 0;
  template <class Self, class Visitor>
  static void columns(Self& self, Visitor&& visit) {
    visit("id", self.id);
    visit("name", self.name);
    visit("state", self.state);
    visit("wrapped_key", self.wrapped_key);
    visit("created", self.created);
  }
};

struct Epoch {
  static constexpr std::string_view kTable = "epochs";
  TenantId tenant;
  std::int64_t number = 0;
  ByteVector wrapped_seed;  ///< under the tenant key; empty once destroyed
  std::int64_t created = 0;
  template <class Self, class Visitor>
  static void columns(Self& self, Visitor&& visit) {
    visit("tenant", self.tenant);
    visit("number", self.number);
    visit("wrapped_seed", self.wrapped_seed);
    visit("created", self.created);
  }
};

struct Member {
  static constexpr std::string_view kTable = "members";
  MemberId id;
  TenantId tenant;
  std::string name;
  std::string role;   ///< "owner", "admin", "member", "auditor"
  std::string state;  ///< "active", "removed"
  std::int64_t created = 0;
  template <class Self, class Visitor>
  static void columns(Self& self, Visitor&& visit) {
    visit("id", self.id);
    visit("tenant", self.tenant);
    visit("name", self.name);
    visit("role", self.role);
    visit("state", self.state);
    visit("created", self.created);
  }
};

struct Key {
  static constexpr std::string_view kTable = "keys";
  KeyId id;
  TenantId tenant;
  std::string service;
  std::string label;
  std::int64_t delivery = 0;  ///< catalog::Delivery
  std::int64_t home =
      0;  ///< catalog::Home; 1 (skill) has no owner, 2 (integration) has one: the schema insists
  std::optional<MemberId> owner;
  std::string state;         ///< "active", "rejected_by_provider", "revoked"
  std::int64_t version = 0;  ///< the one in use
  std::int64_t created = 0;
  std::int64_t changed = 0;
  std::string last_characters;
  std::string settings;  ///< JSON object of texts
  template <class Self, class Visitor>
  static void columns(Self& self, Visitor&& visit) {
    visit("id", self.id);
    visit("tenant", self.tenant);
    visit("service", self.service);
    visit("label", self.label);
    visit("delivery", self.delivery);
    visit("home", self.home);
    visit("owner", self.owner);
    visit("state", self.state);
    visit("version", self.version);
    visit("created", self.created);
    visit("changed", self.changed);
    visit("last_characters", self.last_characters);
    visit("settings", self.settings);
  }
};

struct KeyVersion {
  static constexpr std::string_view kTable = "key_versions";
  KeyId key;
  std::int64_t version = 0;
  std::int64_t epoch = 0;
  ByteVector record;  ///< crypto/record.h; empty once destroyed
  std::int64_t created = 0;
  std::int64_t not_after = 0;  ///< 0: none
  template <class Self, class Visitor>
  static void columns(Self& self, Visitor&& visit) {
    visit("key", self.key);
    visit("version", self.version);
    visit("epoch", self.epoch);
    visit("record", self.record);
    visit("created", self.created);
    visit("not_after", self.not_after);
  }
};

struct Skill {
  static constexpr std::string_view kTable = "skills";
  SkillId id;
  TenantId tenant;
  std::string name;
  std::string services;  ///< JSON array of "service" or "service:label"
  std::int64_t created = 0;
  template <class Self, class Visitor>
  static void columns(Self& self, Visitor&& visit) {
    visit("id", self.id);
    visit("tenant", self.tenant);
    visit("name", self.name);
    visit("services", self.services);
    visit("created", self.created);
  }
};

struct Session {
  static constexpr std::string_view kTable = "sessions";
  SessionId id;
  TenantId tenant;
  MemberId member;
  std::string state;  ///< "open", "ended"
  std::string runtime;
  std::int64_t started = 0;
  std::int64_t ended = 0;  ///< 0: not yet
  std::int64_t expires = 0;
  std::string ended_why;
  template <class Self, class Visitor>
  static void columns(Self& self, Visitor&& visit) {
    visit("id", self.id);
    visit("tenant", self.tenant);
    visit("member", self.member);
    visit("state", self.state);
    visit("runtime", self.runtime);
    visit("started", self.started);
    visit("ended", self.ended);
    visit("expires", self.expires);
    visit("ended_why", self.ended_why);
  }
};

struct Grant {
  static constexpr std::string_view kTable = "grants";
  GrantId id;
  SessionId session;
  KeyId key;
  std::string service;
  std::string label;
  ByteVector pass_hash;  ///< SHA-256 of the pass; empty for an injected key
  template <class Self, class Visitor>
  static void columns(Self& self, Visitor&& visit) {
    visit("id", self.id);
    visit("session", self.session);
    visit("key", self.key);
    visit("service", self.service);
    visit("label", self.label);
    visit("pass_hash", self.pass_hash);
  }
};

struct Receipt {
  static constexpr std::string_view kTable = "receipts";
  ReceiptId id;
  TenantId tenant;
  std::string subject;   ///< id of the key, session, member or tenant
  std::string document;  ///< signed JSON
  std::int64_t created = 0;
  template <class Self, class Visitor>
  static void columns(Self& self, Visitor&& visit) {
    visit("id", self.id);
    visit("tenant", self.tenant);
    visit("subject", self.subject);
    visit("document", self.document);
    visit("created", self.created);
  }
};

/// What a tenant, a service of it or one key may be used for; one row for each of these at most.
struct Policy {
  static constexpr std::string_view kTable = "policies";
  PolicyId id;
  TenantId tenant;
  std::string service;       ///< empty: all of the tenant's
  std::optional<KeyId> key;  ///< of that service; none: all of the service's
  std::string allow;         ///< JSON array of rules (catalog::rule_text)
  std::string deny;
  std::int64_t requests_per_minute = 0;  ///< 0: no limit; the others alike
  std::int64_t concurrent = 0;
  std::int64_t bytes_per_day = 0;
  std::string budget_unit;  ///< empty: no budget
  std::int64_t budget_per_day = 0;
  std::string tunnels = "[]";  ///< JSON array of HOST:PORT; of a tenant's own policy only
  std::int64_t changed = 0;
  template <class Self, class Visitor>
  static void columns(Self& self, Visitor&& visit) {
    visit("id", self.id);
    visit("tenant", self.tenant);
    visit("service", self.service);
    visit("key", self.key);
    visit("allow", self.allow);
    visit("deny", self.deny);
    visit("requests_per_minute", self.requests_per_minute);
    visit("concurrent", self.concurrent);
    visit("bytes_per_day", self.bytes_per_day);
    visit("budget_unit", self.budget_unit);
    visit("budget_per_day", self.budget_per_day);
    visit("tunnels", self.tunnels);
    visit("changed", self.changed);
  }
};

/// What else a policy says: which closed routes it opens, and what becomes of findings.
struct PolicyGuard {
  static constexpr std::string_view kTable = "policy_guards";
  PolicyId policy;
  std::string open = "[]";        ///< JSON array of rules
  std::int64_t on_echo = 0;       ///< catalog::OnEcho
  std::int64_t on_misplaced = 0;  ///< catalog::OnMisplaced
  template <class Self, class Visitor>
  static void columns(Self& self, Visitor&& visit) {
    visit("policy", self.policy);
    visit("open", self.open);
    visit("on_echo", self.on_echo);
    visit("on_misplaced", self.on_misplaced);
  }
};

/// What was spent under a policy on one day.
struct Spending {
  static constexpr std::string_view kTable = "spending";
  PolicyId policy;
  std::int64_t day = 0;  ///< days since 1970, UTC
  std::int64_t bytes = 0;
  std::int64_t units = 0;
  template <class Self, class Visitor>
  static void columns(Self& self, Visitor&& visit) {
    visit("policy", self.policy);
    visit("day", self.day);
    visit("bytes", self.bytes);
    visit("units", self.units);
  }
};

/// What a session was started with beside its keys; none for one that asked for nothing.
struct SessionTerms {
  static constexpr std::string_view kTable = "session_terms";
  SessionId session;
  std::int64_t idle_seconds = 0;  ///< 0: no idle limit
  std::string labels = "{}";      ///< JSON object of texts
  template <class Self, class Visitor>
  static void columns(Self& self, Visitor&& visit) {
    visit("session", self.session);
    visit("idle_seconds", self.idle_seconds);
    visit("labels", self.labels);
  }
};

/// A credential made at its source for one session, and what it takes to destroy it there. Written
/// before it is made.
struct Dynamic {
  static constexpr std::string_view kTable = "dynamic_credentials";
  DynamicId id;
  SessionId session;
  KeyId key;
  std::string name;       ///< of the role or user at the source
  std::string state;      ///< "minting", "live", "destroyed"
  std::string reference;  ///< what the source calls it by, where it has a name of its own for it
  ByteVector value;       ///< the session's password, sealed; empty once destroyed
  ByteVector means;       ///< the administrator's credential, sealed; empty once destroyed
  std::int64_t created = 0;
  std::int64_t changed = 0;
  template <class Self, class Visitor>
  static void columns(Self& self, Visitor&& visit) {
    visit("id", self.id);
    visit("session", self.session);
    visit("key", self.key);
    visit("name", self.name);
    visit("state", self.state);
    visit("reference", self.reference);
    visit("value", self.value);
    visit("means", self.means);
    visit("created", self.created);
    visit("changed", self.changed);
  }
};

/// The right to start one session, once.
struct Ticket {
  static constexpr std::string_view kTable = "tickets";
  TicketId id;
  TenantId tenant;
  MemberId member;
  ByteVector hash;   ///< SHA-256 of the ticket
  std::string wish;  ///< JSON: services, skills, limits, labels
  std::int64_t created = 0;
  std::int64_t expires = 0;
  std::int64_t used = 0;  ///< when; 0: not yet
  std::optional<SessionId> session;
  template <class Self, class Visitor>
  static void columns(Self& self, Visitor&& visit) {
    visit("id", self.id);
    visit("tenant", self.tenant);
    visit("member", self.member);
    visit("ticket_hash", self.hash);
    visit("wish", self.wish);
    visit("created", self.created);
    visit("expires", self.expires);
    visit("used", self.used);
    visit("session", self.session);
  }
};

/// What a program calls the control API with.
struct Token {
  static constexpr std::string_view kTable = "tokens";
  TokenId id;
  TenantId tenant;
  std::optional<MemberId> member;  ///< none: a machine's
  std::string name;
  std::string role;                 ///< of a machine's; empty: its member's
  std::string scope;                ///< "all", "read", "sessions"
  std::int64_t for_any_member = 0;  ///< 1: a machine's that runs sessions for every member
  ByteVector hash;                  ///< SHA-256 of the token
  std::string state;                ///< "active", "revoked"
  std::int64_t created = 0;
  std::int64_t expires = 0;
  std::int64_t last_used = 0;  ///< to the hour; 0: never
  template <class Self, class Visitor>
  static void columns(Self& self, Visitor&& visit) {
    visit("id", self.id);
    visit("tenant", self.tenant);
    visit("member", self.member);
    visit("name", self.name);
    visit("role", self.role);
    visit("scope", self.scope);
    visit("for_any_member", self.for_any_member);
    visit("token_hash", self.hash);
    visit("state", self.state);
    visit("created", self.created);
    visit("expires", self.expires);
    visit("last_used", self.last_used);
  }
};

/// What a runner without any other right shows to attach to its session.
struct RunnerCredential {
  static constexpr std::string_view kTable = "runner_credentials";
  SessionId session;
  ByteVector hash;  ///< SHA-256 of the credential
  template <class Self, class Visitor>
  static void columns(Self& self, Visitor&& visit) {
    visit("session", self.session);
    visit("credential_hash", self.hash);
  }
};

/// How a member's password is known again: never the password.
struct Password {
  static constexpr std::string_view kTable = "passwords";
  MemberId member;
  std::string cost;  ///< JSON: memory_kib, passes, lanes of Argon2id
  ByteVector salt;
  ByteVector verifier;  ///< vault/sign_in.h
  std::int64_t changed = 0;
  template <class Self, class Visitor>
  static void columns(Self& self, Visitor&& visit) {
    visit("member", self.member);
    visit("cost", self.cost);
    visit("salt", self.salt);
    visit("verifier", self.verifier);
    visit("changed", self.changed);
  }
};

/// A member's authenticator application.
struct SecondFactor {
  static constexpr std::string_view kTable = "second_factors";
  MemberId member;
  ByteVector secret;           ///< sealed
  ByteVector recovery;         ///< SHA-256 of each recovery code that is left, one after the other
  std::int64_t last_step = 0;  ///< of the newest code that was used
  std::int64_t created = 0;
  std::int64_t confirmed = 0;  ///< when; 0: not yet, and not asked for
  template <class Self, class Visitor>
  static void columns(Self& self, Visitor&& visit) {
    visit("member", self.member);
    visit("secret", self.secret);
    visit("recovery", self.recovery);
    visit("last_step", self.last_step);
    visit("created", self.created);
    visit("confirmed", self.confirmed);
  }
};

/// A member at one browser, from sign-in to sign-out.
struct SignIn {
  static constexpr std::string_view kTable = "sign_ins";
  SignInId id;
  TenantId tenant;
  MemberId member;
  ByteVector cookie_hash;  ///< SHA-256 of the half that the cookie holds
  ByteVector page_hash;    ///< SHA-256 of the half that the page holds
  std::string from;        ///< the address that it was made from
  std::int64_t created = 0;
  std::int64_t seen = 0;  ///< to the minute
  std::int64_t expires = 0;
  template <class Self, class Visitor>
  static void columns(Self& self, Visitor&& visit) {
    visit("id", self.id);
    visit("tenant", self.tenant);
    visit("member", self.member);
    visit("cookie_hash", self.cookie_hash);
    visit("page_hash", self.page_hash);
    visit("made_from", self.from);
    visit("created", self.created);
    visit("seen", self.seen);
    visit("expires", self.expires);
  }
};

/// The right to give oneself a password. Gone once it is used.
struct Invitation {
  static constexpr std::string_view kTable = "invitations";
  InvitationId id;
  TenantId tenant;
  MemberId member;
  ByteVector hash;  ///< SHA-256 of what the link holds
  /// Made by somebody else of the tenant: good only while the member has no integrations.
  std::int64_t without_integrations = 0;
  std::int64_t created = 0;
  std::int64_t expires = 0;
  template <class Self, class Visitor>
  static void columns(Self& self, Visitor&& visit) {
    visit("id", self.id);
    visit("tenant", self.tenant);
    visit("member", self.member);
    visit("invitation_hash", self.hash);
    visit("without_integrations", self.without_integrations);
    visit("created", self.created);
    visit("expires", self.expires);
  }
};

/// What is wanted of, and was told about, the health of a key; or what is wanted of all of a
/// tenant's.
struct Health {
  static constexpr std::string_view kTable = "health";
  std::string subject;      ///< id of a key or a tenant
  std::int64_t checks = 1;  ///< 0: its provider is asked only when somebody wants it
  std::string told;         ///< the state of a key that notices told last
  template <class Self, class Visitor>
  static void columns(Self& self, Visitor&& visit) {
    visit("subject", self.subject);
    visit("checks", self.checks);
    visit("told", self.told);
  }
};

/// What a webhook has not taken yet.
struct Notice {
  static constexpr std::string_view kTable = "notices";
  NoticeId id;
  std::string hook;  ///< its URL
  std::string body;  ///< JSON
  std::int64_t created = 0;
  std::int64_t attempts = 0;
  std::int64_t next = 0;  ///< when it is tried again
  template <class Self, class Visitor>
  static void columns(Self& self, Visitor&& visit) {
    visit("id", self.id);
    visit("hook", self.hook);
    visit("body", self.body);
    visit("created", self.created);
    visit("attempts", self.attempts);
    visit("next", self.next);
  }
};

/// Calls `each.template operator()<Row>()` for every row type.
template <class Each>
void for_each_row_type(Each&& each) {
  each.template operator()<Seal>();
  each.template operator()<RootSecret>();
  each.template operator()<Installation>();
  each.template operator()<Tenant>();
  each.template operator()<Epoch>();
  each.template operator()<Member>();
  each.template operator()<Key>();
  each.template operator()<KeyVersion>();
  each.template operator()<Skill>();
  each.template operator()<Session>();
  each.template operator()<Grant>();
  each.template operator()<Receipt>();
  each.template operator()<Policy>();
  each.template operator()<Spending>();
  each.template operator()<PolicyGuard>();
  each.template operator()<SessionTerms>();
  each.template operator()<Dynamic>();
  each.template operator()<Ticket>();
  each.template operator()<Token>();
  each.template operator()<RunnerCredential>();
  each.template operator()<Health>();
  each.template operator()<Notice>();
  each.template operator()<Password>();
  each.template operator()<SecondFactor>();
  each.template operator()<Passkey>();
  each.template operator()<SignIn>();
  each.template operator()<Invitation>();
  each.template operator()<OAuthClient>();
  each.template operator()<OAuthGrant>();
  each.template operator()<Destruction>();
  each.template operator()<IdentityProvider>();
  each.template operator()<Identity>();
  each.template operator()<Provisioning>();
  each.template operator()<ProvisionedUser>();
  each.template operator()<ProvisionedGroup>();
  each.template operator()<ProvisionedMembership>();
  each.template operator()<ProviderSignIn>();
}

}  // namespace strongroom::store
