// Tenants, members and skills: making and listing. Removal is in revocation.cpp.
// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>

#include "base/utf8.h"
#include "crypto/crypto.h"
#include "vault/state.h"

namespace strongroom::vault {
namespace {

TenantView view_of(const store::Tenant& tenant) {
  return {tenant.id, tenant.name, tenant.state, from_micros(tenant.created)};
}

Result<SkillView> view_of(const store::Skill& skill, const std::string& tenant) {
  STRONGROOM_TRY(const auto parsed, parse_json(skill.services));
  if (!parsed.is_array()) return fail(Code::Tampered, "A skill's list of services is malformed.");
  SkillView view{skill.id, tenant, skill.name, {}};
  for (const auto& each : parsed.get_array())
    if (each.is_string()) view.services.emplace_back(each.get_string());
  return view;
}

}  // namespace

Result<store::Tenant> Vault::State::add_tenant_in_transaction(const Actor& actor,
                                                              std::string_view name) {
  store::Tenant tenant;
  STRONGROOM_TRY(tenant.name, checked_name("tenant", name));
  STRONGROOM_TRY(const auto same, store.find<store::Tenant>({{"name", tenant.name}}));
  if (same) return fail(Code::Conflict, "There is a tenant '" + tenant.name + "' already.");
  tenant.id = crypto::random_id<TenantId>();
  tenant.state = kActive;
  tenant.created = now();
  store::Epoch epoch;
  epoch.created = tenant.created;
  hierarchy.make_tenant(tenant, epoch);
  STRONGROOM_CHECKED(store.insert(tenant));
  STRONGROOM_CHECKED(store.insert(epoch));
  audit::Act facts;
  facts.tenant = tenant.id;
  facts.detail = tenant.name;
  STRONGROOM_CHECKED(act(actor, "tenant.add", std::move(facts)));
  return tenant;
}

Result<TenantView> Vault::add_tenant(const Actor& actor, std::string_view name) {
  auto& state = *state_;
  STRONGROOM_CHECKED(actor.need(Right::Operate));
  store::Tenant tenant;
  STRONGROOM_CHECKED(state.commit([&]() -> Status {
    STRONGROOM_TRY(tenant, state.add_tenant_in_transaction(actor, name));
    return {};
  }));
  return view_of(tenant);
}

Result<std::vector<TenantView>> Vault::list_tenants(const Actor& actor) {
  STRONGROOM_TRY(const auto tenants, state_->tenants_of(actor, {}));
  std::vector<TenantView> views;
  for (const auto& tenant : tenants) views.push_back(view_of(tenant));
  return views;
}

/// `member` has its tenant, name, role and id.
Status Vault::State::add_member_in_transaction(const Actor& actor, store::Member& member) {
  STRONGROOM_TRY(member.name, checked_name("member", member.name));
  STRONGROOM_TRY(const auto same,
                 store.find<store::Member>({{"tenant", store::to_value(member.tenant)},
                                            {"name", member.name},
                                            {"state", std::string(kActive)}}));
  if (same) return fail(Code::Conflict, "There is a member '" + member.name + "' already.");
  member.state = kActive;
  member.created = now();
  STRONGROOM_CHECKED(store.insert(member));
  return act(actor, "member.add",
             about(member.tenant, member.id, member.name + " as " + member.role));
}

Result<MemberView> Vault::add_member(const Actor& actor, std::string_view tenant_name,
                                     std::string_view name, std::string_view role) {
  auto& state = *state_;
  STRONGROOM_CHECKED(actor.need(Right::Administer));
  if (!role_of(role))
    return fail(Code::Invalid, "The role is one of owner, admin, member, auditor.");
  STRONGROOM_CHECKED(need_to_appoint(actor, role));
  store::Member member;
  member.id = crypto::random_id<MemberId>();
  member.name = name;
  member.role = role;
  STRONGROOM_CHECKED(state.commit([&]() -> Status {
    STRONGROOM_TRY(const auto tenant, state.tenant(actor, tenant_name));
    member.tenant = tenant.id;
    return state.add_member_in_transaction(actor, member);
  }));
  return MemberView{member.id,   std::string(tenant_name),    member.name,
                    member.role, from_micros(member.created), false};
}

Result<std::vector<MemberView>> Vault::list_members(const Actor& actor,
                                                    std::string_view tenant_name) {
  STRONGROOM_TRY(const auto tenants, state_->tenants_of(actor, tenant_name));
  std::vector<MemberView> views;
  for (const auto& tenant : tenants) {
    STRONGROOM_TRY(auto members,
                   state_->store.list<store::Member>(
                       {{"tenant", store::to_value(tenant.id)}, {"state", std::string(kActive)}}));
    std::ranges::sort(members, {}, &store::Member::name);
    for (const auto& member : members) {
      STRONGROOM_TRY(const bool is_withheld, state_->is_withheld(member.id));
      views.push_back({member.id, tenant.name, member.name, member.role,
                       from_micros(member.created), is_withheld});
    }
  }
  return views;
}

// ------------------------------------------------------------------------------------------------
// skills

Result<SkillView> Vault::add_skill(const Actor& actor, std::string_view tenant_name,
                                   std::string_view name,
                                   const std::vector<std::string>& services) {
  auto& state = *state_;
  STRONGROOM_CHECKED(actor.need(Right::Administer));
  if (services.empty()) return fail(Code::Invalid, "A skill needs at least one service.");
  store::Skill skill;
  STRONGROOM_TRY(skill.name, checked_name("skill", name));
  json::array list;
  for (const auto& each : services) {
    const auto colon = each.find(':');
    STRONGROOM_TRY([[maybe_unused]] const auto* service, state.service(each.substr(0, colon)));
    if (colon != std::string::npos)
      STRONGROOM_CHECKED(checked_name("label", each.substr(colon + 1)));
    list.emplace_back(each);
  }
  skill.id = crypto::random_id<SkillId>();
  skill.services = to_text(list);
  skill.created = state.now();
  std::string tenant_text;
  STRONGROOM_CHECKED(state.commit([&]() -> Status {
    STRONGROOM_TRY(const auto tenant, state.tenant(actor, tenant_name));
    tenant_text = tenant.name;
    skill.tenant = tenant.id;
    STRONGROOM_TRY(const auto same,
                   state.store.find<store::Skill>(
                       {{"tenant", store::to_value(tenant.id)}, {"name", skill.name}}));
    if (same) return fail(Code::Conflict, "There is a skill '" + skill.name + "' already.");
    STRONGROOM_CHECKED(state.store.insert(skill));
    audit::Act act;
    act.tenant = tenant.id;
    act.detail = skill.name + " " + skill.services;
    return state.act(actor, "skill.add", std::move(act));
  }));
  return view_of(skill, tenant_text);
}

Result<std::vector<SkillView>> Vault::list_skills(const Actor& actor,
                                                  std::string_view tenant_name) {
  STRONGROOM_TRY(const auto tenants, state_->tenants_of(actor, tenant_name));
  std::vector<SkillView> views;
  for (const auto& tenant : tenants) {
    STRONGROOM_TRY(auto skills,
                   state_->store.list<store::Skill>({{"tenant", store::to_value(tenant.id)}}));
    std::ranges::sort(skills, {}, &store::Skill::name);
    for (const auto& skill : skills) {
      STRONGROOM_TRY(auto view, view_of(skill, tenant.name));
      views.push_back(std::move(view));
    }
  }
  return views;
}

Status Vault::remove_skill(const Actor& actor, std::string_view tenant_name,
                           std::string_view name) {
  auto& state = *state_;
  STRONGROOM_CHECKED(actor.need(Right::Administer));
  return state.commit([&]() -> Status {
    STRONGROOM_TRY(const auto tenant, state.tenant(actor, tenant_name));
    const store::Where same{{"tenant", store::to_value(tenant.id)}, {"name", std::string(name)}};
    STRONGROOM_TRY(const int removed, state.store.erase<store::Skill>(same));
    if (removed == 0)
      return fail(Code::NotFound, "There is no skill '" + std::string(name.substr(0, 64)) +
                                      "' in the tenant '" + tenant.name + "'.");
    audit::Act act;
    act.tenant = tenant.id;
    act.detail = std::string(name);
    return state.act(actor, "skill.remove", std::move(act));
  });
}

}  // namespace strongroom::vault
