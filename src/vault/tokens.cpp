// SPDX-License-Identifier: Apache-2.0
#include "vault/tokens.h"

#include <algorithm>
#include <functional>

#include "base/utf8.h"
#include "crypto/crypto.h"
#include "vault/credentials.h"
#include "vault/state.h"

namespace strongroom::vault {
namespace {

constexpr std::string_view kTokenActive = "active";
/// Each use is not written down: a write to the disk for each call would be the cost of it.
constexpr std::chrono::microseconds kUseKept = std::chrono::hours(1);

audit::Act facts_of(const store::Token& token) {
  audit::Act act;
  act.tenant = token.tenant;
  act.member = token.member.value_or(MemberId());
  act.detail = token.id.text() + " " + token.name + ", scope " + token.scope +
               (token.role.empty() ? std::string() : ", role " + token.role) +
               (token.for_any_member != 0 ? ", for any member" : "");
  return act;
}

Status check_kind(const Actor& actor, const NewToken& wanted) {
  if (!rights_in(wanted.scope))
    return fail(Code::Invalid, "A token's scope is one of all, read, sessions.");
  if (wanted.valid <= std::chrono::seconds(0) || wanted.valid > kLongestToken)
    return fail(Code::Invalid, "A token is good for 1 second to 366 days.");
  if (!wanted.member.empty()) {
    if (!wanted.role.empty() || wanted.for_any_member)
      return fail(Code::Invalid,
                  "A member's token has that member's role and acts for nobody else.");
    return {};
  }
  const auto role = role_of(wanted.role);
  if (!role || *role == Role::Owner)
    return fail(Code::Invalid, "A machine's token has one of the roles admin, member, auditor.");
  if (wanted.for_any_member) STRONGROOM_CHECKED(actor.need(Right::Operate));
  return actor.need(Right::Administer);
}

/// A token does not beget tokens: who took one would outlive its revoke.
Status need_person(const Actor& actor) {
  if (!actor.standing() || !actor.standing()->by_token) return {};
  return fail(Code::Refused, "A token cannot be made with a token: sign in.", "sign_in_needed");
}

}  // namespace

std::optional<Rights> rights_in(std::string_view scope) {
  using enum Right;
  if (scope == "all")
    return Rights(Look, SeeAll, Administer, AppointOwners, KeepIntegrations, RunSessions);
  if (scope == "read") return Rights(Look, SeeAll);
  if (scope == "sessions") return Rights(Look, RunSessions);
  return std::nullopt;
}

Result<TokenView> Vault::State::view(const store::Token& token) {
  TokenView view;
  view.id = token.id;
  STRONGROOM_TRY(view.tenant, tenant_name(token.tenant));
  if (token.member) {
    STRONGROOM_TRY(view.member, member_name(*token.member));
  }
  view.name = token.name;
  view.role = token.role;
  view.scope = token.scope;
  view.for_any_member = token.for_any_member != 0;
  view.state = token.state == kTokenActive && now() >= token.expires ? "expired" : token.state;
  view.created = from_micros(token.created);
  view.expires = from_micros(token.expires);
  if (token.last_used != 0) view.last_used = from_micros(token.last_used);
  return view;
}

Result<IssuedToken> Vault::add_token(const Actor& actor, const NewToken& wanted) {
  auto& state = *state_;
  STRONGROOM_CHECKED(need_person(actor));
  STRONGROOM_CHECKED(check_kind(actor, wanted));
  IssuedToken issued;
  issued.token = make_credential(kTokenStart);
  store::Token token;
  token.id = crypto::random_id<TokenId>();
  STRONGROOM_TRY(token.name, checked_name("token", wanted.name));
  token.role = wanted.role;
  token.scope = wanted.scope;
  token.for_any_member = wanted.for_any_member ? 1 : 0;
  token.hash = kept_hash(issued.token);
  token.state = kTokenActive;
  token.created = state.now();
  token.expires = token.created + std::chrono::microseconds(wanted.valid).count();
  STRONGROOM_CHECKED(state.commit([&]() -> Status {
    STRONGROOM_TRY(const auto tenant, state.tenant(actor, wanted.tenant));
    token.tenant = tenant.id;
    if (!wanted.member.empty()) {
      STRONGROOM_TRY(const auto member, state.member(tenant, wanted.member));
      if (!actor.is(member.id))
        return fail(Code::Refused, "A member's token is made by that member.",
                    "not_on_your_behalf");
      token.member = member.id;
    }
    STRONGROOM_TRY(const auto others,
                   state.store.list<store::Token>({{"tenant", store::to_value(tenant.id)},
                                                   {"state", std::string(kTokenActive)}}));
    const auto is_good = [&](const store::Token& each) { return each.expires > token.created; };
    if (std::ranges::count_if(others, is_good) >= static_cast<std::ptrdiff_t>(kMostTokens))
      return fail(Code::TooLarge, "A tenant has at most 1000 tokens: revoke some.");
    STRONGROOM_CHECKED(state.store.insert(token));
    return state.act(actor, "token.add", facts_of(token));
  }));
  STRONGROOM_TRY(issued.view, state.view(token));
  return issued;
}

/// One's own; and a tenant's machines and members' for who administers or sees all.
bool Vault::State::sees(const Actor& actor, const store::Token& token) {
  return actor.is_of(token.tenant) && (actor.has(Right::SeeAll) || actor.is(token.member));
}

Result<std::vector<TokenView>> Vault::list_tokens(const Actor& actor,
                                                  std::string_view tenant_name) {
  auto& state = *state_;
  STRONGROOM_TRY(const auto where, state.rows_of(actor, tenant_name));
  STRONGROOM_TRY(auto tokens, state.store.list<store::Token>(where));
  std::ranges::sort(tokens, std::ranges::greater{}, &store::Token::created);
  std::vector<TokenView> views;
  for (const auto& token : tokens) {
    if (!State::sees(actor, token)) continue;
    STRONGROOM_TRY(auto view, state.view(token));
    views.push_back(std::move(view));
  }
  return views;
}

Status Vault::revoke_token(const Actor& actor, TokenId id) {
  auto& state = *state_;
  STRONGROOM_CHECKED(state.commit_revocation([&]() -> Status {
    STRONGROOM_TRY(auto token, state.by_id<store::Token>(id));
    if (!token || !State::sees(actor, *token))
      return fail(Code::NotFound, "There is no token " + id.text() + ".");
    if (!actor.is(token->member)) STRONGROOM_CHECKED(actor.need(Right::Administer));
    if (token->state != kTokenActive) return {};
    token->state = kRevoked;
    STRONGROOM_CHECKED(state.store.update(*token));
    return state.act(actor, "token.revoke", facts_of(*token));
  }));
  return state.anchoring.anchored();
}

Status Vault::State::revoke_tokens_in_transaction(const store::Where& where) {
  STRONGROOM_TRY(auto tokens, store.list<store::Token>(where));
  for (auto& token : tokens) {
    if (token.state != kTokenActive) continue;
    token.state = kRevoked;
    STRONGROOM_CHECKED(store.update(token));
  }
  return {};
}

/// Whoever brings it, at this moment. Every reason not to reads the same.
Result<Actor> Vault::actor_of_token(const crypto::Digest& hash) {
  auto& state = *state_;
  const auto unknown = [] { return fail(Code::Unauthorized, "no or unknown credential"); };
  const ByteVector octets(hash.begin(), hash.end());
  STRONGROOM_TRY(auto token,
                 state.store.find<store::Token>({{"token_hash", store::to_value(octets)}}));
  if (!token || token->state != kTokenActive || state.now() >= token->expires) return unknown();
  STRONGROOM_TRY(const auto tenant, state.by_id<store::Tenant>(token->tenant));
  if (!tenant || tenant->state != kActive) return unknown();
  std::string role = token->role;
  if (token->member) {
    STRONGROOM_TRY(const auto member, state.by_id<store::Member>(*token->member));
    STRONGROOM_TRY(const bool has_no_access, state.is_withheld(*token->member));
    if (!member || member->state != kActive || has_no_access) return unknown();
    role = member->role;
  }
  const auto known_role = role_of(role);
  const auto scope = rights_in(token->scope);
  if (!known_role || !scope) return unknown();
  if (state.now() - token->last_used >= kUseKept.count()) {
    token->last_used = state.now();
    // A full disk keeps nobody from revoking.
    (void)state.store.transact([&] { return state.store.update(*token); });
  }
  Standing standing;
  standing.tenant = token->tenant;
  standing.member = token->member;
  standing.role = *known_role;
  standing.rights = rights_of(*known_role).in_common_with(*scope);
  standing.for_any_member = token->for_any_member != 0;
  standing.by_token = true;
  return Actor::in_tenant("token " + token->id.text(), std::move(standing));
}

}  // namespace strongroom::vault
