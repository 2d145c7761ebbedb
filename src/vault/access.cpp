// What an actor sees, and what of that they may change. SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "vault/state.h"

namespace strongroom::vault {

Result<store::Tenant> Vault::State::tenant(const Actor& actor, std::string_view name) {
  STRONGROOM_TRY(auto found, store.find<store::Tenant>({{"name", std::string(name)}}));
  if (!found || found->state != kActive || !actor.is_of(found->id))
    return fail(Code::NotFound, "There is no tenant '" + std::string(name.substr(0, 64)) + "'.");
  return std::move(*found);
}

/// The tenant of that name; without one, all that the actor is of, by name.
Result<std::vector<store::Tenant>> Vault::State::tenants_of(const Actor& actor,
                                                            std::string_view name) {
  if (!name.empty()) {
    STRONGROOM_TRY(auto one, tenant(actor, name));
    return std::vector<store::Tenant>{std::move(one)};
  }
  STRONGROOM_TRY(auto all, store.list<store::Tenant>({{"state", std::string(kActive)}}));
  std::erase_if(all, [&](const store::Tenant& each) { return !actor.is_of(each.id); });
  std::ranges::sort(all, {}, &store::Tenant::name);
  return all;
}

/// Rows that have a tenant: those of the named one, or of all that the actor is of.
Result<store::Where> Vault::State::rows_of(const Actor& actor, std::string_view tenant_name) {
  if (!tenant_name.empty()) {
    STRONGROOM_TRY(const auto named, tenant(actor, tenant_name));
    return store::Where{{"tenant", store::to_value(named.id)}};
  }
  if (actor.standing()) return store::Where{{"tenant", store::to_value(actor.standing()->tenant)}};
  return store::Where{};
}

bool Vault::State::sees(const Actor& actor, const store::Key& key) {
  return actor.is_of(key.tenant) && (!key.owner || actor.has(Right::SeeAll) || actor.is(key.owner));
}

bool Vault::State::sees(const Actor& actor, TenantId tenant, MemberId member) {
  return actor.is_of(tenant) && (actor.has(Right::SeeAll) || actor.runs_for(member));
}

Result<store::Key> Vault::State::key(const Actor& actor, KeyId id) {
  STRONGROOM_TRY(auto found, by_id<store::Key>(id));
  if (!found || !sees(actor, *found))
    return fail(Code::NotFound, "There is no key " + id.text() + ".");
  return std::move(*found);
}

Result<store::Session> Vault::State::session(const Actor& actor, SessionId id) {
  STRONGROOM_TRY(auto found, by_id<store::Session>(id));
  if (!found || !sees(actor, found->tenant, found->member))
    return fail(Code::NotFound, "There is no session " + id.text() + ".");
  return std::move(*found);
}

/// To put in, to renew, to try: an integration is its member's alone.
Status Vault::State::need_to_keep(const Actor& actor, const std::optional<MemberId>& owner) {
  if (!owner) return actor.need(Right::Administer);
  STRONGROOM_CHECKED(actor.need(Right::KeepIntegrations));
  if (actor.is(owner)) return {};
  return fail(Code::Refused, "An integration belongs to its member: nobody else may do that.",
              "not_your_integration");
}

/// To switch off.
Status Vault::State::need_to_revoke(const Actor& actor, const std::optional<MemberId>& owner) {
  if (owner && actor.is(owner) && actor.has(Right::KeepIntegrations)) return {};
  return actor.need(Right::Administer);
}

Status Vault::State::need_to_run_for(const Actor& actor, const store::Member& member) {
  STRONGROOM_CHECKED(actor.need(Right::RunSessions));
  if (actor.runs_for(member.id)) return {};
  return fail(Code::Refused,
              "A session runs on a member's behalf with that member's integrations: nobody else "
              "may start it.",
              "not_on_your_behalf");
}

Status Vault::State::need_to_end(const Actor& actor, const store::Session& session) {
  if (actor.has(Right::RunSessions) && actor.runs_for(session.member)) return {};
  return actor.need(Right::Administer);
}

Result<MemberId> person_of(const Actor& actor) {
  const auto& standing = actor.standing();
  if (!standing || !standing->member)
    return fail(Code::Invalid, "That is a member's own: nobody else has one.");
  if (standing->by_token)
    return fail(Code::Refused, "That is for who has signed in, not for a token.", "sign_in_needed");
  return *standing->member;
}

}  // namespace strongroom::vault
