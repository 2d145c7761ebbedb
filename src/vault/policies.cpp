// Policies: setting, listing, removing, and which hold for a key. SPDX-License-Identifier:
// Apache-2.0
#include "vault/policies.h"

#include <algorithm>
#include <array>
#include <tuple>

#include "base/utf8.h"
#include "crypto/crypto.h"
#include "io/net.h"
#include "vault/state.h"

namespace strongroom::vault {
namespace {

constexpr std::size_t kMostTunnels = 64;

std::string to_text_list(const std::vector<catalog::PolicyRule>& rules) {
  json::array list;
  for (const auto& rule : rules) list.emplace_back(catalog::rule_text(rule));
  return to_text(list);
}

Result<std::vector<catalog::PolicyRule>> rules_of(const std::vector<std::string>& texts) {
  std::vector<catalog::PolicyRule> rules;
  for (const auto& text : texts) {
    STRONGROOM_TRY(auto rule, catalog::parse_rule(text));
    rules.push_back(std::move(rule));
  }
  return rules;
}

Result<std::vector<std::string>> kept_texts(const std::string& text) {
  const auto malformed = [] {
    return fail(Code::Tampered, "The rules of a policy are malformed.");
  };
  STRONGROOM_TRY(const auto parsed, parse_json(text));
  if (!parsed.is_array()) return malformed();
  std::vector<std::string> texts;
  for (const auto& each : parsed.get_array()) {
    if (!each.is_string()) return malformed();
    texts.emplace_back(each.get_string());
  }
  return texts;
}

Result<std::vector<catalog::PolicyRule>> kept_rules(const std::string& text) {
  STRONGROOM_TRY(const auto texts, kept_texts(text));
  return rules_of(texts);
}

/// "registry.example.com:443", checked and in lower case.
Result<std::string> checked_tunnel(const std::string& text) {
  const auto endpoint = io::parse_endpoint(text);
  const auto host = endpoint ? checked_host(endpoint->host)
                             : Result<std::string>(fail(Code::Invalid, "not a place"));
  if (!host || endpoint->port == 0)
    return fail(Code::Invalid,
                "'" + text.substr(0, 300) +
                    "' is not HOST:PORT, where HOST is one name: no address, no wildcard.");
  return *host + ":" + std::to_string(endpoint->port);
}

Status put_tunnels(const std::vector<std::string>& places, store::Policy& row) {
  if (!row.service.empty() || row.key)
    return fail(Code::Invalid, "Tunnels are of a whole tenant: leave service and key out.");
  if (places.size() > kMostTunnels) return fail(Code::TooLarge, "A tenant has at most 64 tunnels.");
  json::array list;
  for (const auto& each : places) {
    STRONGROOM_TRY(const auto place, checked_tunnel(each));
    list.emplace_back(place);
  }
  row.tunnels = to_text(list);
  return {};
}

Result<catalog::Policy> policy_of(const store::Policy& row, const store::PolicyGuard& guard) {
  catalog::Policy policy;
  STRONGROOM_TRY(policy.open, kept_rules(guard.open));
  policy.on_echo = static_cast<catalog::OnEcho>(guard.on_echo);
  policy.on_misplaced = static_cast<catalog::OnMisplaced>(guard.on_misplaced);
  STRONGROOM_TRY(policy.allow, kept_rules(row.allow));
  STRONGROOM_TRY(policy.deny, kept_rules(row.deny));
  policy.requests_per_minute = static_cast<std::uint32_t>(row.requests_per_minute);
  policy.concurrent = static_cast<std::uint32_t>(row.concurrent);
  policy.bytes_per_day = static_cast<std::uint64_t>(row.bytes_per_day);
  policy.budget = {row.budget_unit, static_cast<std::uint64_t>(row.budget_per_day)};
  return policy;
}

void put(const catalog::Policy& policy, store::Policy& row) {
  row.allow = to_text_list(policy.allow);
  row.deny = to_text_list(policy.deny);
  row.requests_per_minute = policy.requests_per_minute;
  row.concurrent = policy.concurrent;
  row.bytes_per_day = static_cast<std::int64_t>(policy.bytes_per_day);
  row.budget_unit = policy.budget.unit;
  row.budget_per_day = static_cast<std::int64_t>(policy.budget.per_day);
}

store::PolicyGuard guard_of(PolicyId id, const catalog::Policy& policy) {
  return {id, to_text_list(policy.open), static_cast<std::int64_t>(policy.on_echo),
          static_cast<std::int64_t>(policy.on_misplaced)};
}

/// `into` becomes what was asked for, if it is a number that can be.
template <class Number>
Status take(const std::optional<std::int64_t>& wanted, std::uint64_t most, std::string_view name,
            Number& into) {
  if (!wanted) return {};
  if (*wanted < 0 || static_cast<std::uint64_t>(*wanted) > most)
    return fail(Code::Invalid, "'" + std::string(name) +
                                   "' is a whole number from 0 (no limit) to " +
                                   std::to_string(most) + ".");
  into = static_cast<Number>(*wanted);
  return {};
}

Status apply(const PolicyChange& change, catalog::Policy& policy) {
  if (change.allow) {
    STRONGROOM_TRY(policy.allow, rules_of(*change.allow));
  }
  if (change.deny) {
    STRONGROOM_TRY(policy.deny, rules_of(*change.deny));
  }
  if (change.open) {
    STRONGROOM_TRY(policy.open, rules_of(*change.open));
  }
  if (change.on_echo) {
    STRONGROOM_TRY(policy.on_echo, catalog::parse_on_echo(*change.on_echo));
  }
  if (change.on_misplaced) {
    STRONGROOM_TRY(policy.on_misplaced, catalog::parse_on_misplaced(*change.on_misplaced));
  }
  using catalog::Policy;
  STRONGROOM_CHECKED(take(change.requests_per_minute, Policy::kMaxRate, "requests_per_minute",
                          policy.requests_per_minute));
  STRONGROOM_CHECKED(take(change.concurrent, Policy::kMaxRate, "concurrent", policy.concurrent));
  STRONGROOM_CHECKED(
      take(change.bytes_per_day, Policy::kMaxAmount, "bytes_per_day", policy.bytes_per_day));
  STRONGROOM_CHECKED(
      take(change.budget_per_day, Policy::kMaxAmount, "budget_per_day", policy.budget.per_day));
  if (change.budget_unit) policy.budget.unit = *change.budget_unit;
  if (policy.budget.per_day == 0) policy.budget.unit.clear();
  return catalog::check_policy(policy);
}

bool states(const catalog::Service& service, const std::string& unit) {
  return std::ranges::find(service.usage, unit, &catalog::Usage::unit) != service.usage.end();
}

/// "tokens, characters": what the answers of the services state.
std::string units_of(const std::vector<const catalog::Service*>& services) {
  std::vector<std::string> units;
  for (const auto* service : services)
    for (const auto& usage : service->usage)
      if (std::ranges::find(units, usage.unit) == units.end()) units.push_back(usage.unit);
  std::string text;
  for (const auto& unit : units) text += (text.empty() ? "" : ", ") + unit;
  return text;
}

Status check_unit(const catalog::Catalog& catalog, const std::string& service_id,
                  const std::string& unit) {
  if (unit.empty()) return {};
  std::vector<const catalog::Service*> services;
  for (const auto& [id, service] : catalog.services())
    if (service_id.empty() || service_id == id) services.push_back(&service);
  if (std::ranges::any_of(services, [&](const auto* each) { return states(*each, unit); }))
    return {};
  const std::string known = units_of(services);
  return fail(Code::Invalid,
              known.empty()
                  ? "Answers of '" + service_id +
                        "' do not state what they cost: no budget of it "
                        "can be kept. (Octets and requests can be limited.)"
                  : "No answer states '" + unit.substr(0, 32) + "': a budget is in " + known + ".");
}

audit::Act facts_of(const store::Policy& row) {
  audit::Act act;
  act.tenant = row.tenant;
  act.key = row.key.value_or(KeyId());
  act.service = row.service;
  return act;
}

}  // namespace

/// The row of a place as it is, or as it would be made.
Result<store::Policy> Vault::State::policy_row(const Actor& actor, const PolicyPlace& place,
                                               bool& is_there) {
  STRONGROOM_TRY(const auto of, tenant(actor, place.tenant));
  store::Policy row;
  row.tenant = of.id;
  row.service = place.service;
  if (place.key) {
    STRONGROOM_TRY(const auto found, key(actor, *place.key));
    if (found.tenant != of.id)
      return fail(Code::NotFound,
                  "There is no key " + place.key->text() + " in the tenant '" + of.name + "'.");
    if (!row.service.empty() && row.service != found.service)
      return fail(Code::Invalid, "That key is of '" + found.service + "'.");
    row.service = found.service;
    row.key = found.id;
  }
  if (!row.service.empty()) {
    STRONGROOM_TRY(const auto* kind, service(row.service));
    if (kind->delivery != catalog::Delivery::Proxied)
      return fail(Code::Unsupported,
                  "Keys of " + kind->title +
                      " are held by tools in the workroom: nothing stands "
                      "between them and their server that could keep a limit.",
                  "policy_unsupported");
  }
  STRONGROOM_TRY(const auto found,
                 store.find<store::Policy>({{"tenant", store::to_value(row.tenant)},
                                            {"service", row.service},
                                            {"key", store::to_value(row.key)}}));
  is_there = found.has_value();
  return found.value_or(std::move(row));
}

/// All that a policy says.
Result<catalog::Policy> Vault::State::policy(const store::Policy& row) {
  STRONGROOM_TRY(const auto guard,
                 store.find<store::PolicyGuard>({{"policy", store::to_value(row.id)}}));
  return policy_of(row, guard.value_or(store::PolicyGuard()));
}

Status Vault::State::put_guard(const store::PolicyGuard& guard) {
  STRONGROOM_TRY(const auto there,
                 store.find<store::PolicyGuard>({{"policy", store::to_value(guard.policy)}}));
  return there ? store.update(guard) : store.insert(guard);
}

Result<PolicyView> Vault::State::view(const store::Policy& row) {
  PolicyView view;
  view.id = row.id;
  STRONGROOM_TRY(view.tenant, tenant_name(row.tenant));
  view.service = row.service;
  view.key = row.key;
  STRONGROOM_TRY(view.policy, policy(row));
  STRONGROOM_TRY(view.tunnels, kept_texts(row.tunnels));
  view.changed = from_micros(row.changed);
  const Spent today = spending.total(row.id, day_of(clock.wall()));
  view.bytes_today = today.bytes;
  view.units_today = today.units;
  return view;
}

Result<std::vector<std::string>> Vault::State::tunnels_of(TenantId tenant) {
  STRONGROOM_TRY(const auto row, store.find<store::Policy>({{"tenant", store::to_value(tenant)},
                                                            {"service", std::string()},
                                                            {"key", {}}}));
  if (!row) return std::vector<std::string>();
  return kept_texts(row->tunnels);
}

Result<std::vector<AppliedPolicy>> Vault::State::policies_for(const store::Key& key) {
  const store::Value tenant = store::to_value(key.tenant);
  const std::array<std::pair<PolicyLevel, store::Where>, 3> places = {
      {{PolicyLevel::Tenant, {{"tenant", tenant}, {"service", std::string()}, {"key", {}}}},
       {PolicyLevel::Service, {{"tenant", tenant}, {"service", key.service}, {"key", {}}}},
       {PolicyLevel::Key,
        {{"tenant", tenant}, {"service", key.service}, {"key", store::to_value(key.id)}}}}};
  std::vector<AppliedPolicy> applied;
  std::vector<SpendsUnder> spends;
  for (const auto& [level, where] : places) {
    STRONGROOM_TRY(const auto row, store.find<store::Policy>(where));
    if (!row) continue;
    STRONGROOM_TRY(auto policy, this->policy(*row));
    spends.push_back({row->id, row->budget_unit});
    applied.push_back({row->id, level, std::move(policy)});
  }
  if (spends.empty())
    spends_under.erase(key.id);
  else
    spends_under.insert_or_assign(key.id, std::move(spends));
  return applied;
}

/// Whose leases say what `row` says.
Result<std::vector<KeyId>> Vault::State::keys_under(const store::Policy& row) {
  std::vector<KeyId> under;
  // Leases without a key say where sessions may go.
  if (row.service.empty()) under.emplace_back();
  if (row.key) {
    under.push_back(*row.key);
    return under;
  }
  store::Where where{{"tenant", store::to_value(row.tenant)}};
  if (!row.service.empty()) where.push_back({"service", row.service});
  STRONGROOM_TRY(const auto keys, store.list<store::Key>(where));
  for (const auto& key : keys)
    if (key.state != kRevoked) under.push_back(key.id);
  return under;
}

Status Vault::State::erase_policies_in_transaction(const store::Where& where) {
  STRONGROOM_TRY(const auto rows, store.list<store::Policy>(where));
  for (const auto& row : rows) {
    STRONGROOM_TRY([[maybe_unused]] const int spent,
                   store.erase<store::Spending>({{"policy", store::to_value(row.id)}}));
    STRONGROOM_TRY([[maybe_unused]] const int guards,
                   store.erase<store::PolicyGuard>({{"policy", store::to_value(row.id)}}));
  }
  STRONGROOM_TRY([[maybe_unused]] const int gone, store.erase<store::Policy>(where));
  return {};
}

io::Task<Result<PolicyView>> Vault::set_policy(Actor actor, PolicyPlace place,
                                               PolicyChange change) {
  auto& state = *state_;
  const auto row = state.put_policy(actor, place, change);
  if (!row) co_return std::unexpected(row.error());
  auto view = state.view(*row);
  auto keys = state.keys_under(*row);
  if (!keys) co_return std::unexpected(std::move(keys).error());
  if (state.fences != nullptr) co_await state.fences->refresh_all(std::move(*keys));
  const Status anchor_follows = state.anchoring.anchored();
  if (!anchor_follows) co_return std::unexpected(anchor_follows.error());
  co_return view;
}

Result<store::Policy> Vault::State::put_policy(const Actor& actor, const PolicyPlace& place,
                                               const PolicyChange& change) {
  auto& state = *this;
  store::Policy row;
  bool has_other_unit = false;
  STRONGROOM_CHECKED(state.commit([&]() -> Status {
    STRONGROOM_CHECKED(actor.need(Right::Administer));
    bool is_there = false;
    STRONGROOM_TRY(row, state.policy_row(actor, place, is_there));
    if (row.key) {
      STRONGROOM_TRY(const auto key, state.key(*row.key));
      if (key.state == kRevoked) return fail(Code::Revoked, "This key was revoked.", "key_revoked");
    }
    catalog::Policy policy;
    if (is_there) {
      STRONGROOM_TRY(policy, state.policy(row));
    } else {
      row.id = crypto::random_id<PolicyId>();
    }
    STRONGROOM_CHECKED(apply(change, policy));
    STRONGROOM_CHECKED(check_unit(state.catalog, row.service, policy.budget.unit));
    if (change.tunnels) STRONGROOM_CHECKED(put_tunnels(*change.tunnels, row));
    if (policy.is_empty() && row.tunnels == "[]")
      return fail(Code::Invalid,
                  "This policy would say nothing: give it a rule or a limit, or "
                  "remove it (strongroom policy remove).");
    has_other_unit = row.budget_unit != policy.budget.unit;
    put(policy, row);
    row.changed = state.now();
    STRONGROOM_CHECKED(is_there ? state.store.update(row) : state.store.insert(row));
    const store::PolicyGuard guard = guard_of(row.id, policy);
    STRONGROOM_CHECKED(state.put_guard(guard));
    audit::Act act = facts_of(row);
    act.detail = to_text(json::object{{"policy", row.id.text()},
                                      {"allow", row.allow},
                                      {"deny", row.deny},
                                      {"open", guard.open},
                                      {"on_echo", catalog::name_of(policy.on_echo)},
                                      {"on_misplaced", catalog::name_of(policy.on_misplaced)},
                                      {"requests_per_minute", row.requests_per_minute},
                                      {"concurrent", row.concurrent},
                                      {"bytes_per_day", row.bytes_per_day},
                                      {"budget_unit", row.budget_unit},
                                      {"budget_per_day", row.budget_per_day},
                                      {"tunnels", row.tunnels}});
    return state.act(actor, "policy.set", std::move(act));
  }));
  if (has_other_unit) state.spending.forget_units(row.id);
  return row;
}

io::Task<Status> Vault::remove_policy(Actor actor, PolicyPlace place) {
  auto& state = *state_;
  const auto row = state.take_policy(actor, place);
  if (!row) co_return std::unexpected(row.error());
  auto keys = state.keys_under(*row);
  if (!keys) co_return std::unexpected(std::move(keys).error());
  if (state.fences != nullptr) co_await state.fences->refresh_all(std::move(*keys));
  co_return state.anchoring.anchored();
}

Result<store::Policy> Vault::State::take_policy(const Actor& actor, const PolicyPlace& place) {
  auto& state = *this;
  store::Policy row;
  STRONGROOM_CHECKED(state.commit([&]() -> Status {
    STRONGROOM_CHECKED(actor.need(Right::Administer));
    bool is_there = false;
    STRONGROOM_TRY(row, state.policy_row(actor, place, is_there));
    if (!is_there) return fail(Code::NotFound, "There is no policy for that.");
    STRONGROOM_CHECKED(state.erase_policies_in_transaction({{"id", store::to_value(row.id)}}));
    audit::Act act = facts_of(row);
    act.detail = row.id.text();
    return state.act(actor, "policy.remove", std::move(act));
  }));
  state.forget_policy(row.id);
  return row;
}

Result<PolicyView> Vault::show_policy(const Actor& actor, const PolicyPlace& place) {
  bool is_there = false;
  STRONGROOM_TRY(const auto row, state_->policy_row(actor, place, is_there));
  if (!is_there) return fail(Code::NotFound, "There is no policy for that.");
  return state_->view(row);
}

Result<std::vector<PolicyView>> Vault::list_policies(const Actor& actor,
                                                     std::string_view tenant_name) {
  auto& state = *state_;
  STRONGROOM_TRY(const auto where, state.rows_of(actor, tenant_name));
  STRONGROOM_TRY(const auto rows, state.store.list<store::Policy>(where));
  std::vector<PolicyView> views;
  for (const auto& row : rows) {
    if (row.key) {
      STRONGROOM_TRY(const auto key, state.key(*row.key));
      if (!state.sees(actor, key)) continue;
    }
    STRONGROOM_TRY(auto view, state.view(row));
    views.push_back(std::move(view));
  }
  std::ranges::sort(views, {}, [](const PolicyView& view) {
    return std::tuple(view.tenant, view.service, view.key.value_or(KeyId()));
  });
  return views;
}

}  // namespace strongroom::vault
