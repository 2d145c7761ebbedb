// Operations: the one table of what the control API can do.
//
// Each line: method, path, what it takes, what it answers, who does it. The router (router.h) and
// the OpenAPI document (openapi.h) are made from it, so they cannot differ. Inside the room only.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <map>
#include <span>
#include <string>
#include <string_view>

#include "api/admission.h"
#include "api/schema.h"
#include "api/server.h"
#include "api/session_events.h"
#include "api/sign_in_throttle.h"
#include "api/worker.h"
#include "audit/log.h"
#include "catalog/catalog.h"
#include "crypto/crypto.h"
#include "http/server.h"
#include "vault/vault.h"

namespace strongroom::api {

/// What handlers work with. Outlives every call.
struct Services {
  io::Loop& loop;
  vault::Vault& vault;
  audit::Log& record;
  const catalog::Catalog& catalog;
  const ControlOptions& options;
  const ControlHooks& hooks;
  Worker& worker;
  Worker& hasher;  ///< of passwords
  SessionEvents& events;
  SignInThrottle& throttle;
};

/// One admitted call.
struct Call {
  const Services& services;
  vault::Actor actor;
  std::map<std::string, std::string, std::less<>> path;   ///< {id} and the like, decoded
  std::map<std::string, std::string, std::less<>> query;  ///< only names that the operation knows
  json::value body;        ///< checked against the request schema; its memory is wiped when freed
  std::string upgrade;     ///< protocol asked for
  Credential credential;   ///< what it brought
  std::string from;        ///< where it comes from, without the port
  std::string browser;     ///< what a browser keeps in which somebody has signed in before
  std::string ceremony;    ///< what a browser was given from which somebody is coming in
  bool is_runner = false;  ///< which is that of a runner without any other right
  std::string last_event_id;  ///< what a follower of a stream saw last

  /// Empty when not given.
  [[nodiscard]] std::string parameter(std::string_view name) const;
  /// A text member of the body; empty when not given.
  [[nodiscard]] std::string text(std::string_view name) const;
  [[nodiscard]] std::vector<std::string> texts(std::string_view name) const;
  [[nodiscard]] vault::Settings settings(std::string_view name) const;
};

/// What a handler answers.
struct Reply;
using Answer = Result<Reply>;
struct Reply {
  json::value document;
  std::string text;  ///< instead of `document`: JSON as it is (a signed receipt)
  std::function<void(io::Stream)> take_over;  ///< with 101
  SessionEvents::Stream stream = {};          ///< of Shape::Events
  http::TextPairs headers = {};
  /// Not the answer yet: what is to be waited for, without the call and what was in its body.
  std::function<io::Task<Answer>()> rest = {};
};

/// An answer that is a document alone.
[[nodiscard]] inline Reply reply(json::value document) {
  return {std::move(document), {}, {}};
}

/// Done at once. Key values are handled only by these: a Secret does not live in a coroutine.
using Direct = Answer (*)(Call&);
using Waiting = io::Task<Answer> (*)(Call&);

/// Events: a stream (text/event-stream), the data of each a document of the response's schema.
enum class Shape : std::uint8_t { One, List, Nothing, Switch, Events };

/// What a call brings: a credential of somebody's, or one that is good for this call alone (a
/// ticket; a supervisor's), which the call itself looks at; Runner: a credential of somebody's, or
/// a runner's that has no other right.
enum class Access : std::uint8_t { Somebody, Ticket, Runner };

struct Operation {
  std::string_view name;  ///< "key.add": operationId, label of the metric
  std::string_view method;
  std::string_view path;  ///< "/api/v1/keys/{id}"
  std::string_view summary;
  std::span<const Member> query;
  std::string_view request;  ///< schema, or empty: no body
  Shape shape = Shape::One;
  std::string_view response;  ///< schema of the answer, or of a list's elements
  int status = 200;
  /// Without it nobody is let in. What it takes beside, of one's own or another's, the vault says.
  vault::Right right = vault::Right::Operate;
  Direct direct = nullptr;  ///< exactly one of the two
  Waiting waiting = nullptr;
  Access access = Access::Somebody;
  bool takes_form = false;  ///< beside JSON, where a standard says that programs send one
};

[[nodiscard]] std::span<const Operation> operations();

// The handlers, by subject (handlers_*.cpp).
Answer show_installation(Call& call);
io::Task<Answer> inspect_installation(Call& call);
Answer show_openapi(Call& call);
Answer show_access(Call& call);
Answer list_tenants(Call& call);
Answer add_tenant(Call& call);
io::Task<Answer> remove_tenant(Call& call);
Answer scan_for_keys(Call& call);
Answer start_rewrap(Call& call);
Answer show_rewrap(Call& call);
Answer start_shred(Call& call);
Answer rotate_root(Call& call);
Answer list_members(Call& call);
Answer add_member(Call& call);
io::Task<Answer> remove_member(Call& call);
Answer list_services(Call& call);
io::Task<Answer> check_service(Call& call);
Answer list_keys(Call& call);
Answer add_key(Call& call);
Answer show_key(Call& call);
Answer rotate_key(Call& call);
io::Task<Answer> check_key(Call& call);
Answer switch_key_checks(Call& call);
Answer switch_tenant_checks(Call& call);
io::Task<Answer> revoke_key(Call& call);
Answer list_skills(Call& call);
Answer add_skill(Call& call);
Answer remove_skill(Call& call);
Answer list_policies(Call& call);
io::Task<Answer> set_policy(Call& call);
Answer show_policy(Call& call);
io::Task<Answer> remove_policy(Call& call);
Answer list_sessions(Call& call);
io::Task<Answer> start_session(Call& call);
Answer show_session(Call& call);
io::Task<Answer> end_session(Call& call);
io::Task<Answer> report_end(Call& call);
Answer attach_runner(Call& call);
Answer follow_sessions(Call& call);
Answer follow_session(Call& call);
Answer issue_ticket(Call& call);
Answer list_tickets(Call& call);
io::Task<Answer> use_ticket(Call& call);
Answer sign_in(Call& call);
Answer sign_out(Call& call);
Answer change_password(Call& call);
Answer list_sign_ins(Call& call);
Answer end_sign_in(Call& call);
Answer show_second_factor(Call& call);
Answer begin_second_factor(Call& call);
Answer confirm_second_factor(Call& call);
Answer remove_second_factor(Call& call);
Answer list_passkeys(Call& call);
Answer begin_passkey(Call& call);
Answer add_passkey(Call& call);
Answer remove_passkey(Call& call);
Answer begin_passkey_sign_in(Call& call);
Answer sign_in_by_passkey(Call& call);
Answer begin_invited_passkey(Call& call);
Answer use_invitation_by_passkey(Call& call);
Answer invite_member(Call& call);
Answer show_invitation(Call& call);
Answer use_invitation(Call& call);
Answer list_tokens(Call& call);
Answer add_token(Call& call);
Answer revoke_token(Call& call);
Answer make_backup(Call& call);
Answer list_seals(Call& call);
Answer add_seal(Call& call);
Answer remove_seal(Call& call);
Answer prepare_seal(Call& call);
Answer unseal(Call& call);
Answer list_oauth_clients(Call& call);
Answer set_oauth_client(Call& call);
Answer remove_oauth_client(Call& call);
Answer begin_login(Call& call);
Answer finish_login(Call& call);
Answer poll_login(Call& call);
Answer list_identity_providers(Call& call);
Answer set_identity_provider(Call& call);
Answer check_identity_provider(Call& call);
Answer remove_identity_provider(Call& call);
Answer begin_provisioning(Call& call);
Answer end_provisioning(Call& call);
Answer begin_provider_sign_in(Call& call);
Answer sign_in_by_provider(Call& call);
Answer list_identities(Call& call);
Answer begin_identity(Call& call);
Answer add_identity(Call& call);
Answer log_out_by_provider(Call& call);
Answer confirm_sign_in(Call& call);
Answer begin_passkey_confirmation(Call& call);
Answer confirm_by_passkey(Call& call);
Answer remove_identity(Call& call);
Answer list_receipts(Call& call);
Answer show_receipt(Call& call);
io::Task<Answer> list_audit(Call& call);
io::Task<Answer> verify_audit(Call& call);
io::Task<Answer> view_audit(Call& call);
Answer list_sinks(Call& call);

}  // namespace strongroom::api
