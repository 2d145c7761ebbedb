// Which key serves a session: what was asked for, skill by skill and service by service, and
// nothing else. SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "base/utf8.h"
#include "vault/state.h"

namespace strongroom::vault {
namespace {

constexpr std::string_view kDefaultLabel = "default";

bool allows(const catalog::Service& service, catalog::Home home) {
  return std::ranges::find(service.homes, home) != service.homes.end();
}

/// Of the live keys of one home: the one with the label; without a label "default", or the only
/// one.
Result<const store::Key*> pick(const std::vector<store::Key>& keys, const std::string& service,
                               const std::string& label) {
  const std::string_view wanted = label.empty() ? kDefaultLabel : std::string_view(label);
  const auto named = std::ranges::find(keys, wanted, &store::Key::label);
  if (named != keys.end()) return &*named;
  if (!label.empty() || keys.empty()) return nullptr;
  if (keys.size() == 1) return &keys.front();
  return fail(Code::Invalid, "There are several keys of '" + service +
                                 "' and none is labelled 'default': name one, as " + service +
                                 ":LABEL.");
}

}  // namespace

Result<std::vector<Vault::State::Wish>> Vault::State::wishes_of(const store::Tenant& tenant,
                                                                const SessionRequest& request) {
  std::vector<std::string> names = request.services;
  for (const auto& name : request.skills) {
    STRONGROOM_TRY(const auto skill, store.find<store::Skill>(
                                         {{"tenant", store::to_value(tenant.id)}, {"name", name}}));
    if (!skill)
      return fail(Code::NotFound, "There is no skill '" + name.substr(0, 64) + "' in the tenant '" +
                                      tenant.name + "'.");
    STRONGROOM_TRY(const auto parsed, parse_json(skill->services));
    if (!parsed.is_array()) return fail(Code::Tampered, "A skill's list of services is malformed.");
    for (const auto& each : parsed.get_array())
      if (each.is_string()) names.emplace_back(each.get_string());
  }
  if (names.empty()) return fail(Code::Invalid, "A session needs at least one service or skill.");
  std::vector<Wish> wishes;
  for (const auto& name : names) {
    const auto colon = name.find(':');
    Wish wish{name.substr(0, colon),
              colon == std::string::npos ? std::string() : name.substr(colon + 1)};
    if (colon != std::string::npos) STRONGROOM_CHECKED(checked_name("label", wish.label));
    const bool is_known = std::ranges::any_of(wishes, [&](const Wish& other) {
      return other.service == wish.service && other.label == wish.label;
    });
    if (!is_known) wishes.push_back(std::move(wish));
  }
  return wishes;
}

Result<store::Key> Vault::State::choose(const store::Tenant& tenant, const store::Member& member,
                                        const Wish& wish) {
  STRONGROOM_TRY(const auto* kind, service(wish.service));
  STRONGROOM_TRY(auto keys, store.list<store::Key>({{"tenant", store::to_value(tenant.id)},
                                                    {"service", wish.service}}));
  std::erase_if(keys, [this](const store::Key& key) { return is_revoked(key); });
  std::vector<store::Key> own;
  std::vector<store::Key> shared;
  for (const auto& key : keys) {
    if (key.owner == member.id) own.push_back(key);
    if (!key.owner) shared.push_back(key);
  }
  if (allows(*kind, catalog::Home::Integration)) {
    STRONGROOM_TRY(const auto* found, pick(own, wish.service, wish.label));
    if (found != nullptr) return *found;
  }
  if (allows(*kind, catalog::Home::Skill)) {
    STRONGROOM_TRY(const auto* found, pick(shared, wish.service, wish.label));
    if (found != nullptr) return *found;
  }
  const bool has_label = !wish.label.empty();
  const std::string label = has_label ? " labelled '" + wish.label + "'" : std::string();
  return fail(Code::NotFound,
              "There is no key of '" + wish.service + "'" + label + " for the member '" +
                  member.name + "' in the tenant '" + tenant.name +
                  "': add one with strongroom key add " + wish.service + " --tenant " +
                  tenant.name + (has_label ? " --label " + wish.label : std::string()) + ".",
              "not_connected");
}

/// A pass was presented where another service is asked: does its session have one for that, could
/// it have been granted one, or is there nothing to grant?
Error Vault::State::why_not(const store::Grant& grant, std::string_view service) {
  const Error wrong(Code::Refused, "This pass is for another service.", "pass_wrong_service");
  const auto session = by_id<store::Session>(grant.session);
  if (!session || !*session || !check_session(**session) || catalog.find(service) == nullptr)
    return wrong;
  const auto grants = store.list<store::Grant>({{"session", store::to_value(grant.session)}});
  if (!grants || std::ranges::find(*grants, service, &store::Grant::service) != grants->end())
    return wrong;
  const auto tenant = by_id<store::Tenant>((*session)->tenant);
  const auto member = by_id<store::Member>((*session)->member);
  if (!tenant || !*tenant || !member || !*member) return wrong;
  const auto key = choose(**tenant, **member, {std::string(service), {}});
  const bool is_connected = key || key.error().code != Code::NotFound;
  if (is_connected)
    return {Code::Refused, "This session was not granted that service.", "not_granted"};
  return {Code::Refused, "There is no key of that service for this session's member.",
          "not_connected"};
}

}  // namespace strongroom::vault
