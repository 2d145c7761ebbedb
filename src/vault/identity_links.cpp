// By which accounts at identity providers members are known: linking one, listing, removing.
// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "vault/state.h"

namespace strongroom::vault {
namespace {

std::unexpected<Error> unknown_attempt() {
  return fail(Code::Unauthorized,
              "This was not begun in this browser, was answered already, or is over: begin again.",
              "attempt_unknown");
}

}  // namespace

Result<IdentityView> Vault::State::view(const store::Identity& row) {
  IdentityView view;
  view.id = row.id;
  STRONGROOM_TRY(view.tenant, tenant_name(row.tenant));
  STRONGROOM_TRY(view.member, member_name(row.member));
  STRONGROOM_TRY(const auto provider, by_id<store::IdentityProvider>(row.provider));
  if (provider) view.provider = provider->name;
  view.subject = row.subject;
  view.created = from_micros(row.created);
  view.last_used = from_micros(row.last_used);
  return view;
}

Result<IdentityView> Vault::add_identity(const Actor& actor, const IdentityAttempt& attempt,
                                         const dynamic::Outcome& outcome) {
  auto& state = *state_;
  STRONGROOM_TRY(const MemberId member, person_of(actor));
  if (attempt.member != member) return unknown_attempt();
  STRONGROOM_TRY(const auto who, state.proven_by(attempt, outcome));
  store::Identity row{crypto::random_id<IdentityId>(),
                      who.provider,
                      who.subject,
                      actor.standing()->tenant,
                      member,
                      state.now(),
                      0};
  STRONGROOM_CHECKED(state.commit([&]() -> Status {
    STRONGROOM_TRY(const auto person, state.by_id<store::Member>(member));
    // It may have ended while the provider was asked, by who is this member now.
    const auto& whose = actor.standing()->sign_in;
    STRONGROOM_TRY(const auto sign_in, state.by_id<store::SignIn>(whose.value_or(SignInId())));
    STRONGROOM_TRY(const auto known,
                   state.store.find<store::Identity>(
                       {{"provider", store::to_value(row.provider)}, {"subject", row.subject}}));
    STRONGROOM_TRY(const auto count,
                   state.store.count<store::Identity>({{"member", store::to_value(member)}}));
    if (!person || person->state != kActive || !sign_in || state.is_over(*sign_in))
      return unknown_attempt();
    if (known)
      return fail(Code::Conflict, "Somebody is known here by that account already.",
                  "identity_taken");
    if (static_cast<std::size_t>(count) >= kMostIdentities)
      return fail(Code::Conflict, "A member is known by at most 10 accounts.", "identity_taken");
    STRONGROOM_CHECKED(state.store.insert(row));
    return state.act(actor, "identity.add", about(row.tenant, member, row.id.text()));
  }));
  return state.view(row);
}

Result<std::vector<IdentityView>> Vault::list_identities(const Actor& actor,
                                                         std::string_view tenant) {
  auto& state = *state_;
  STRONGROOM_TRY(const auto where, state.rows_of(actor, tenant));
  STRONGROOM_TRY(auto rows, state.store.list<store::Identity>(where));
  std::ranges::sort(rows, {}, &store::Identity::created);
  std::vector<IdentityView> views;
  for (const auto& row : rows) {
    if (!actor.has(Right::SeeAll) && !actor.is(row.member)) continue;
    STRONGROOM_TRY(auto view, state.view(row));
    views.push_back(std::move(view));
  }
  return views;
}

Status Vault::remove_identity(const Actor& actor, IdentityId id) {
  auto& state = *state_;
  STRONGROOM_CHECKED(state.commit([&]() -> Status {
    STRONGROOM_TRY(const auto row, state.by_id<store::Identity>(id));
    const bool is_own = row && actor.standing() && actor.is(row->member);
    if (!row || !actor.is_of(row->tenant) || (!is_own && !actor.has(Right::SeeAll)))
      return fail(Code::NotFound, "There is no identity " + id.text() + ".");
    STRONGROOM_TRY(const auto member, state.by_id<store::Member>(row->member));
    if (!is_own) {
      STRONGROOM_CHECKED(need_to_appoint(actor, member ? member->role : std::string()));
    } else {
      const store::Where theirs{{"member", store::to_value(row->member)}};
      STRONGROOM_TRY(const auto password, state.store.find<store::Password>(theirs));
      STRONGROOM_TRY(const auto passkeys, state.store.count<store::Passkey>(theirs));
      STRONGROOM_TRY(const auto identities, state.store.count<store::Identity>(theirs));
      if (!password && passkeys == 0 && identities == 1)
        return fail(Code::Conflict, "It is your only way in: add a passkey before you remove it.",
                    "last_way_in");
    }
    STRONGROOM_CHECKED(state.erase_identities_in_transaction({{"id", store::to_value(id)}}));
    return state.act(actor, "identity.remove", about(row->tenant, row->member, id.text()));
  }));
  return state.anchoring.anchored();
}

}  // namespace strongroom::vault
