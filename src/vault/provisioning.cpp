// Provisioning: its token, and what becomes of somebody whose groups have changed.
// SPDX-License-Identifier: Apache-2.0
#include "vault/provisioning.h"

#include <algorithm>

#include "base/utf8.h"
#include "vault/credentials.h"
#include "vault/provider_actor.h"
#include "vault/state.h"

namespace strongroom::vault {
namespace {

/// Each use is not written down: a write to the disk for each call would be the cost of it.
constexpr std::chrono::microseconds kUseKept = std::chrono::hours(1);

store::Where of_provider(IdentityProviderId provider) {
  return {{"provider", store::to_value(provider)}};
}

/// What somebody may be called here: of that nothing follows but what others read.
std::vector<std::string> names_of(const store::ProvisionedUser& user) {
  std::string name = name_like(user.name);
  if (!checked_name("member", name)) return {};
  return {std::move(name)};
}

}  // namespace

// ------------------------------------------------------------------------------------------------
// the token

Result<IssuedProvisioning> Vault::begin_provisioning(const Actor& actor,
                                                     std::string_view tenant_name,
                                                     std::string_view provider) {
  auto& state = *state_;
  STRONGROOM_CHECKED(actor.need(Right::AppointOwners));
  if (actor.standing() && actor.standing()->by_token)
    return fail(Code::Refused, "A token cannot be made with a token: sign in.", "sign_in_needed");
  IssuedProvisioning issued;
  issued.token = make_credential(kProvisioningStart);
  issued.tenant = tenant_name;
  issued.provider = provider;
  STRONGROOM_CHECKED(state.commit([&]() -> Status {
    STRONGROOM_TRY(const auto row, state.identity_provider(actor, tenant_name, provider));
    const store::Provisioning fresh{row.id, row.tenant, kept_hash(issued.token), state.now(), 0};
    STRONGROOM_TRY(const bool is_begun, state.is_provisioning(row.id));
    STRONGROOM_CHECKED(is_begun ? state.store.update(fresh) : state.store.insert(fresh));
    return state.act(actor, "provisioning.begin",
                     about(row.tenant, MemberId(), row.id.text() + " " + row.name));
  }));
  STRONGROOM_CHECKED(state.anchoring.anchored());  // the token before is not good any more
  return issued;
}

Status Vault::end_provisioning(const Actor& actor, std::string_view tenant_name,
                               std::string_view provider) {
  auto& state = *state_;
  STRONGROOM_CHECKED(actor.need(Right::AppointOwners));
  STRONGROOM_CHECKED(state.commit_revocation([&]() -> Status {
    STRONGROOM_TRY(const auto row, state.identity_provider(actor, tenant_name, provider));
    STRONGROOM_TRY(const int ended, state.store.erase<store::Provisioning>(of_provider(row.id)));
    if (ended == 0) return fail(Code::NotFound, "That identity provider provisions nobody here.");
    return state.act(actor, "provisioning.end",
                     about(row.tenant, MemberId(), row.id.text() + " " + row.name));
  }));
  return state.anchoring.anchored();
}

Result<Provisioner> Vault::provisioner_of(const crypto::Digest& hash) {
  auto& state = *state_;
  const auto unknown = [] { return fail(Code::Unauthorized, "no or unknown credential"); };
  STRONGROOM_TRY(auto row, state.store.find<store::Provisioning>(
                               {{"token_hash", ByteVector(hash.begin(), hash.end())}}));
  if (!row) return unknown();
  STRONGROOM_TRY(const auto tenant, state.by_id<store::Tenant>(row->tenant));
  if (!tenant || tenant->state != kActive) return unknown();
  if (state.now() - row->last_used >= kUseKept.count()) {
    row->last_used = state.now();
    // A full disk keeps nobody from being switched off.
    (void)state.store.transact_lazily([&] { return state.store.update(*row); });
  }
  return Provisioner{row->provider, row->tenant};
}

Result<bool> Vault::State::is_provisioning(IdentityProviderId provider) {
  STRONGROOM_TRY(const auto row, store.find<store::Provisioning>(of_provider(provider)));
  return row.has_value();
}

// ------------------------------------------------------------------------------------------------
// who has access

Result<bool> Vault::State::is_withheld(MemberId member) {
  STRONGROOM_TRY(const auto user,
                 store.find<store::ProvisionedUser>({{"member", store::to_value(member)}}));
  return user && user->withheld != 0;
}

Status Vault::State::check_not_withheld(MemberId member) {
  STRONGROOM_TRY(const bool has_no_access, is_withheld(member));
  if (!has_no_access) return {};
  return fail(Code::Refused,
              "None of the groups that this member's organisation has put them in has a role here "
              "any more: ask whoever manages accounts there.",
              "access_withheld");
}

Result<std::size_t> Vault::State::count_withheld(IdentityProviderId provider) {
  STRONGROOM_TRY(const auto users,
                 store.list<store::ProvisionedUser>(
                     {{"provider", store::to_value(provider)}, {"withheld", std::int64_t{1}}}));
  std::size_t count = 0;
  for (const auto& user : users) {
    if (!user.member) continue;
    STRONGROOM_TRY(const auto member, by_id<store::Member>(*user.member));
    if (member && member->state == kActive) ++count;
  }
  return count;
}

Result<bool> Vault::State::is_provisioned_member(MemberId member) {
  STRONGROOM_TRY(const auto user,
                 store.find<store::ProvisionedUser>({{"member", store::to_value(member)}}));
  if (!user) return false;
  return is_provisioning(user->provider);
}

/// The role that gives most of those that their groups have; empty: none.
Result<std::string> Vault::State::role_of_groups(const store::IdentityProvider& row,
                                                 const store::ProvisionedUser& user) {
  STRONGROOM_TRY(const auto table, settings_of(row.roles));
  STRONGROOM_TRY(const auto memberships,
                 store.list<store::ProvisionedMembership>({{"user", store::to_value(user.id)}}));
  std::optional<Role> best;
  for (const auto& membership : memberships) {
    STRONGROOM_TRY(const auto group, by_id<store::ProvisionedGroup>(membership.group));
    if (!group) continue;
    for (const auto& [name, word] : table) {
      const bool is_it =
          name == group->name || (!group->external_id.empty() && name == group->external_id);
      const auto role = is_it ? role_of(word) : std::nullopt;
      if (role && (!best || *role < *best)) best = role;
    }
  }
  return best ? std::string(name_of(*best)) : row.other_role;
}

/// Somebody who is not a member yet: the member that they are known as at the provider already, or
/// a new one.
Status Vault::State::admit_in_transaction(const store::IdentityProvider& row,
                                          store::ProvisionedUser& user, const std::string& role,
                                          Settled& settled) {
  std::optional<store::Identity> known;
  if (!user.external_id.empty()) {
    STRONGROOM_TRY(known, store.find<store::Identity>({{"provider", store::to_value(row.id)},
                                                       {"subject", user.external_id}}));
  }
  store::Member member;
  if (known) {
    STRONGROOM_TRY(auto found, by_id<store::Member>(known->member));
    if (!found) return fail(Code::Tampered, "An identity's member is missing.");
    member = std::move(*found);
    user.member = member.id;
    STRONGROOM_CHECKED(store.update(user));
    if (member.state != kActive) return {};  // removed here, and stays that
    return follow_role_in_transaction(row, role, member, settled.is_less);
  }
  member.id = crypto::random_id<MemberId>();
  member.tenant = row.tenant;
  member.role = role;
  STRONGROOM_TRY(member.name, free_member_name(row.tenant, names_of(user)));
  STRONGROOM_CHECKED(add_member_in_transaction(actor_of(row.id), member));
  user.member = member.id;
  STRONGROOM_CHECKED(store.update(user));
  if (user.external_id.empty()) return {};
  return store.insert(store::Identity{crypto::random_id<IdentityId>(), row.id, user.external_id,
                                      row.tenant, member.id, now(), 0});
}

/// They keep what is theirs: groups come and go while people are moved between them.
Status Vault::State::withhold_in_transaction(const store::IdentityProvider& row,
                                             store::ProvisionedUser& user,
                                             const store::Member& member, Settled& settled) {
  if (user.withheld != 0) return {};
  auto facts = about(row.tenant, member.id, "withheld: no group has a role, by " + row.name);
  STRONGROOM_TRY(const bool is_last, is_last_owner(member));
  if (is_last) {
    facts.detail = "stays owner: the last one; " + facts.detail;
    facts.outcome = "refused";
    return act(actor_of(row.id), "member.access", std::move(facts));
  }
  user.withheld = 1;
  settled.is_less = true;
  STRONGROOM_CHECKED(store.update(user));
  const store::Value whose = store::to_value(member.id);
  STRONGROOM_CHECKED(erase_sign_ins_in_transaction({{"member", whose}}));
  STRONGROOM_TRY(auto sessions,
                 store.list<store::Session>({{"member", whose}, {"state", std::string(kOpen)}}));
  for (auto& session : sessions) {
    STRONGROOM_CHECKED(end_in_transaction(session, "access withheld"));
    settled.ended.push_back(std::move(session));
  }
  return act(actor_of(row.id), "member.access", std::move(facts));
}

/// What somebody's groups give them from now on. `user` is stored.
Status Vault::State::settle_in_transaction(const store::IdentityProvider& row,
                                           store::ProvisionedUser& user, Settled& settled) {
  if (user.active == 0) return {};
  STRONGROOM_TRY(const std::string role, role_of_groups(row, user));
  STRONGROOM_TRY(auto member, user.member ? by_id<store::Member>(*user.member)
                                          : Result<std::optional<store::Member>>(std::nullopt));
  if (member && member->state != kActive) {
    // Removed here. Whoever takes the identity away as well lets them in again, as somebody new.
    STRONGROOM_TRY(const auto identity,
                   store.find<store::Identity>(
                       {{"provider", store::to_value(row.id)}, {"subject", user.external_id}}));
    if (identity || user.external_id.empty()) return {};
    member.reset();
    user.member.reset();
    user.withheld = 0;
    STRONGROOM_CHECKED(store.update(user));
  }
  if (!member) return role.empty() ? Status() : admit_in_transaction(row, user, role, settled);
  if (role.empty()) return withhold_in_transaction(row, user, *member, settled);
  if (user.withheld != 0) {
    user.withheld = 0;
    STRONGROOM_CHECKED(store.update(user));
    STRONGROOM_CHECKED(act(actor_of(row.id), "member.access",
                           about(row.tenant, member->id, "given back by " + row.name)));
  }
  return follow_role_in_transaction(row, role, *member, settled.is_less);
}

Status Vault::State::settle_all_in_transaction(const store::IdentityProvider& row,
                                               const std::set<ProvisionedUserId>& users,
                                               Settled& settled) {
  for (const auto& id : users) {
    STRONGROOM_TRY(auto user, by_id<store::ProvisionedUser>(id));
    if (user) STRONGROOM_CHECKED(settle_in_transaction(row, *user, settled));
  }
  return {};
}

/// The sessions' ends are stored: their holders are told, each with a receipt. All at once: while
/// one is waited for, nothing of the others goes on, and nobody else ends them.
io::Task<Status> Vault::State::carry_through(Actor actor, Settled settled) {
  std::vector<Undertaking> ends;
  std::vector<BegunFences> begun;
  std::vector<FenceTarget> targets;
  for (const auto& session : settled.ended) {
    ends.push_back(end_taken_down(actor, session, {}, clock.wall()));
    targets.push_back({FenceKind::Session, session.id.bytes()});
  }
  for (auto& end : ends) begun.push_back(begin_fences(end));
  std::vector<std::vector<HolderOutcome>> outcomes(ends.size());
  if (fences != nullptr && !targets.empty())
    outcomes = co_await fences->fence_each(std::move(targets), ends.front().reason, grace);
  Status outcome;
  for (std::size_t at = 0; at < ends.size(); ++at) {
    const auto ended = ends[at].ending;
    const TenantId tenant = ends[at].tenant;
    const auto receipt =
        co_await finish_fences(std::move(ends[at]), std::move(begun[at]), std::move(outcomes[at]));
    tell_carried_through(tenant, ended, {}, receipt);
    if (!receipt && outcome) outcome = std::unexpected(receipt.error());
  }
  if (settled.is_less && outcome) outcome = anchoring.anchored();
  co_return outcome;
}

io::Task<Status> Vault::follow_provisioned(IdentityProviderId provider) {
  auto& state = *state_;
  Settled settled;
  const Status done = state.commit([&]() -> Status {
    STRONGROOM_TRY(const auto row, state.by_id<store::IdentityProvider>(provider));
    STRONGROOM_TRY(const bool is_begun, state.is_provisioning(provider));
    if (!row || !is_begun) return {};
    STRONGROOM_TRY(auto users, state.store.list<store::ProvisionedUser>(of_provider(provider)));
    for (auto& user : users) STRONGROOM_CHECKED(state.settle_in_transaction(*row, user, settled));
    return {};
  });
  if (!done) co_return std::unexpected(done.error());
  co_return co_await state.carry_through(actor_of(provider), std::move(settled));
}

/// Of a tenant or a provider, with all that was provisioned.
Status Vault::State::erase_provisioned_in_transaction(const store::Where& where) {
  STRONGROOM_TRY(const auto groups, store.list<store::ProvisionedGroup>(where));
  for (const auto& group : groups) {
    STRONGROOM_TRY(
        [[maybe_unused]] const int memberships,
        store.erase<store::ProvisionedMembership>({{"group_id", store::to_value(group.id)}}));
  }
  STRONGROOM_TRY([[maybe_unused]] const int all, store.erase<store::ProvisionedGroup>(where));
  STRONGROOM_TRY([[maybe_unused]] const int users, store.erase<store::ProvisionedUser>(where));
  STRONGROOM_TRY([[maybe_unused]] const int tokens, store.erase<store::Provisioning>(where));
  return {};
}

}  // namespace strongroom::vault
