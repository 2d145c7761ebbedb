// Rows of sessions: what they were started with, and what was made for them.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/dynamic_id.h"
#include "base/id.h"
#include "base/ticket_id.h"

namespace strongroom::store {

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

}  // namespace strongroom::store
