// Rows of how members and programs come in: tokens, passwords, second factors, sign-ins,
// invitations. SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/access_ids.h"
#include "base/bytes.h"
#include "base/id.h"

namespace strongroom::store {

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

}  // namespace strongroom::store
