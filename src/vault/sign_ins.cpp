// Sign-ins: a member at one browser. SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <functional>

#include "crypto/crypto.h"
#include "vault/credentials.h"
#include "vault/sign_in.h"
#include "vault/state.h"

namespace strongroom::vault {
namespace {

constexpr std::size_t kLongestFrom = 64;
/// Each call is not written down: a write for each would be the cost of it.
constexpr std::chrono::microseconds kSeenKept = std::chrono::minutes(1);

}  // namespace

audit::Act about(TenantId tenant, MemberId member, std::string detail) {
  audit::Act act;
  act.tenant = tenant;
  act.member = member;
  act.detail = std::move(detail);
  return act;
}

bool Vault::State::is_over(const store::SignIn& row) const {
  return now() >= row.expires || now() - row.seen >= std::chrono::microseconds(kIdleSignIn).count();
}

bool Vault::State::sees(const Actor& actor, const store::SignIn& row) {
  return actor.is_of(row.tenant) && (actor.has(Right::SeeAll) || actor.is(row.member));
}

Result<SignInView> Vault::State::view(const store::SignIn& row) {
  SignInView view;
  view.id = row.id;
  STRONGROOM_TRY(view.tenant, tenant_name(row.tenant));
  STRONGROOM_TRY(view.member, member_name(row.member));
  view.from = row.from;
  view.created = from_micros(row.created);
  view.seen = from_micros(row.seen);
  view.expires = from_micros(row.expires);
  return view;
}

/// Those that are over go; and the oldest, where there would be too many.
Status Vault::State::forget_old_sign_ins(MemberId member) {
  STRONGROOM_TRY(auto rows, store.list<store::SignIn>({{"member", store::to_value(member)}}));
  std::ranges::sort(rows, std::ranges::greater{}, &store::SignIn::created);
  std::size_t kept = 0;
  for (const auto& row : rows) {
    if (!is_over(row) && ++kept < kMostSignIns) continue;
    STRONGROOM_CHECKED(erase_sign_ins_in_transaction({{"id", store::to_value(row.id)}}));
  }
  return {};
}

/// And what is kept beside them.
Status Vault::State::erase_sign_ins_in_transaction(const store::Where& where) {
  STRONGROOM_TRY(const auto rows, store.list<store::SignIn>(where));
  for (const auto& row : rows) {
    confirmed.erase(row.id);
    STRONGROOM_TRY([[maybe_unused]] const int beside,
                   store.erase<store::ProviderSignIn>({{"id", store::to_value(row.id)}}));
  }
  STRONGROOM_TRY([[maybe_unused]] const int gone, store.erase<store::SignIn>(where));
  return {};
}

Result<IssuedSignIn> Vault::State::make_sign_in(TenantId tenant, MemberId member,
                                                std::string_view from) {
  STRONGROOM_CHECKED(check_not_withheld(member));
  STRONGROOM_CHECKED(forget_old_sign_ins(member));
  IssuedSignIn issued;
  issued.cookie = make_credential(kSignInStart);
  issued.page_half = make_credential(kPageHalfStart);
  store::SignIn row;
  row.id = crypto::random_id<SignInId>();
  row.tenant = tenant;
  row.member = member;
  row.cookie_hash = kept_hash(issued.cookie);
  row.page_hash = kept_hash(issued.page_half);
  row.from = from.substr(0, kLongestFrom);
  row.created = row.seen = now();
  row.expires = row.created + std::chrono::microseconds(kLongestSignIn).count();
  STRONGROOM_CHECKED(store.insert(row));
  STRONGROOM_TRY(issued.view, view(row));
  return issued;
}

/// One that is good at this moment, by both halves.
Result<store::SignIn> Vault::State::sign_in(const SignInHalves& halves) {
  STRONGROOM_TRY(auto row,
                 store.find<store::SignIn>(
                     {{"cookie_hash", ByteVector(halves.cookie.begin(), halves.cookie.end())}}));
  if (!row || is_over(*row)) return fail(Code::Unauthorized, "no or unknown credential");
  if (!equal_constant_time(row->page_hash, halves.page))
    return fail(Code::Refused, "The call does not come from the page that signed in.",
                "csrf_refused");
  return std::move(*row);
}

/// Whose browser it is, at this moment, with the role of this moment.
Result<Actor> Vault::actor_of_sign_in(const SignInHalves& halves) {
  auto& state = *state_;
  const auto unknown = [] { return fail(Code::Unauthorized, "no or unknown credential"); };
  STRONGROOM_TRY(auto row, state.sign_in(halves));
  STRONGROOM_TRY(const auto tenant, state.by_id<store::Tenant>(row.tenant));
  STRONGROOM_TRY(const auto member, state.by_id<store::Member>(row.member));
  if (!tenant || tenant->state != kActive || !member || member->state != kActive) return unknown();
  const auto role = role_of(member->role);
  STRONGROOM_TRY(const bool has_no_access, state.is_withheld(row.member));
  if (!role || has_no_access) return unknown();
  if (state.now() - row.seen >= kSeenKept.count()) {
    row.seen = state.now();
    // A full disk keeps nobody from revoking.
    (void)state.store.transact_lazily([&] { return state.store.update(row); });
  }
  Standing standing;
  standing.tenant = row.tenant;
  standing.member = row.member;
  standing.role = *role;
  standing.rights = rights_of(*role);
  standing.sign_in = row.id;
  return Actor::in_tenant("member " + row.member.text(), std::move(standing));
}

Status Vault::State::end_in_transaction(const Actor& actor, const store::SignIn& row) {
  STRONGROOM_CHECKED(erase_sign_ins_in_transaction({{"id", store::to_value(row.id)}}));
  return act(actor, "member.sign_out", about(row.tenant, row.member, row.id.text()));
}

Result<std::optional<ProviderLogout>> Vault::sign_out(const Actor& actor,
                                                      const SignInHalves& halves,
                                                      const std::string& back) {
  auto& state = *state_;
  std::optional<ProviderLogout> logout;
  STRONGROOM_CHECKED(state.commit([&]() -> Status {
    STRONGROOM_TRY(const auto row, state.sign_in(halves));
    STRONGROOM_TRY(const auto beside, state.by_id<store::ProviderSignIn>(row.id));
    if (beside) {
      STRONGROOM_TRY(logout, state.logout_of(*beside, back));
    }
    return state.end_in_transaction(actor, row);
  }));
  STRONGROOM_CHECKED(state.anchoring.anchored());
  return logout;
}

/// One's own; and a tenant's for who sees all.
Result<std::vector<SignInView>> Vault::list_sign_ins(const Actor& actor,
                                                     std::string_view tenant_name) {
  auto& state = *state_;
  STRONGROOM_TRY(const auto where, state.rows_of(actor, tenant_name));
  STRONGROOM_TRY(auto rows, state.store.list<store::SignIn>(where));
  std::ranges::sort(rows, std::ranges::greater{}, &store::SignIn::created);
  std::vector<SignInView> views;
  for (const auto& row : rows) {
    if (state.is_over(row) || !State::sees(actor, row)) continue;
    STRONGROOM_TRY(auto view, state.view(row));
    views.push_back(std::move(view));
  }
  return views;
}

Status Vault::end_sign_in(const Actor& actor, SignInId id) {
  auto& state = *state_;
  STRONGROOM_CHECKED(state.commit([&]() -> Status {
    STRONGROOM_TRY(const auto row, state.by_id<store::SignIn>(id));
    if (!row || !State::sees(actor, *row))
      return fail(Code::NotFound, "There is no sign-in " + id.text() + ".");
    if (!actor.is(row->member)) STRONGROOM_CHECKED(actor.need(Right::Administer));
    return state.end_in_transaction(actor, *row);
  }));
  return state.anchoring.anchored();
}

}  // namespace strongroom::vault
