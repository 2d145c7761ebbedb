// SPDX-License-Identifier: Apache-2.0
#include "api/views.h"

namespace strongroom::api {
namespace {

json::value time_or_null(const std::optional<WallTime>& time) {
  return time ? json::value(to_rfc3339(*time)) : json::value(nullptr);
}

json::value text_or_null(const std::string& text) {
  return text.empty() ? json::value(nullptr) : json::value(text);
}

json::object to_json(const vault::Settings& settings) {
  json::object out;
  for (const auto& [name, value] : settings) out[name] = value;
  return out;
}

json::array to_json(const std::vector<std::string>& texts) {
  json::array out;
  for (const std::string& text : texts) out.emplace_back(json::string_view(text));
  return out;
}

json::object to_json(const vault::GrantView& view) {
  return {{"id", view.id.text()},
          {"service", view.service},
          {"label", view.label},
          {"key", view.key.text()},
          {"delivery", view.delivery}};
}

json::object to_json(const vault::DynamicView& view) {
  return {{"id", view.id.text()},
          {"key", view.key.text()},
          {"name", view.name},
          {"state", view.state},
          {"changed", to_rfc3339(view.changed)},
          {"why", view.why}};
}

json::object to_json(const vault::IssuedPass& pass) {
  return {{"grant", pass.grant.text()},
          {"service", pass.service},
          {"label", pass.label},
          {"pass", pass.pass},
          {"settings", to_json(pass.settings)}};
}

json::object to_json(const vault::InjectedGrant& grant) {
  return {{"grant", grant.grant.text()},
          {"service", grant.service},
          {"label", grant.label},
          {"settings", to_json(grant.settings)},
          {"is_login", grant.is_login}};
}

json::object to_json(const catalog::Setting& setting) {
  return {{"name", setting.name},
          {"kind", setting.kind},
          {"required", setting.required},
          {"default", setting.default_value},
          {"help", setting.help}};
}

template <class Item>
json::array to_list(const std::vector<Item>& items) {
  json::array out;
  for (const Item& item : items) out.emplace_back(to_json(item));
  return out;
}

}  // namespace

json::object to_json(const vault::TenantView& view) {
  return {{"id", view.id.text()},
          {"name", view.name},
          {"state", view.state},
          {"created", to_rfc3339(view.created)}};
}

json::object to_json(const vault::MemberView& view) {
  return {{"id", view.id.text()},
          {"tenant", view.tenant},
          {"name", view.name},
          {"role", view.role},
          {"withheld", view.is_withheld},
          {"created", to_rfc3339(view.created)}};
}

json::object to_json(const vault::KeyView& view) {
  return {{"id", view.id.text()},
          {"tenant", view.tenant},
          {"service", view.service},
          {"label", view.label},
          {"delivery", view.delivery},
          {"home", view.home},
          {"owner", view.owner},
          {"state", view.state},
          {"is_login", view.is_login},
          {"version", view.version},
          {"created", to_rfc3339(view.created)},
          {"changed", to_rfc3339(view.changed)},
          {"last_used", time_or_null(view.last_used)},
          {"expires", time_or_null(view.expires)},
          {"scheduled_checks", view.is_checked},
          {"last_characters", view.last_characters},
          {"settings", to_json(view.settings)}};
}

json::object to_json(const vault::SkillView& view) {
  return {{"id", view.id.text()},
          {"tenant", view.tenant},
          {"name", view.name},
          {"services", to_json(view.services)}};
}

json::object to_json(const vault::PolicyView& view) {
  const auto rules = [](const std::vector<catalog::PolicyRule>& list) {
    json::array out;
    for (const auto& rule : list) out.emplace_back(catalog::rule_text(rule));
    return out;
  };
  json::array tunnels;
  for (const auto& place : view.tunnels) tunnels.emplace_back(place);
  return {{"id", view.id.text()},
          {"tenant", view.tenant},
          {"service", view.service},
          {"key", view.key ? json::value(view.key->text()) : json::value(nullptr)},
          {"allow", rules(view.policy.allow)},
          {"deny", rules(view.policy.deny)},
          {"open", rules(view.policy.open)},
          {"on_echo", catalog::name_of(view.policy.on_echo)},
          {"on_misplaced", catalog::name_of(view.policy.on_misplaced)},
          {"requests_per_minute", view.policy.requests_per_minute},
          {"concurrent", view.policy.concurrent},
          {"bytes_per_day", view.policy.bytes_per_day},
          {"budget_unit", view.policy.budget.unit},
          {"budget_per_day", view.policy.budget.per_day},
          {"tunnels", tunnels},
          {"bytes_today", view.bytes_today},
          {"units_today", view.units_today},
          {"changed", to_rfc3339(view.changed)}};
}

json::object to_json(const vault::SessionView& view) {
  return {{"id", view.id.text()},
          {"tenant", view.tenant},
          {"member", view.member},
          {"state", view.state},
          {"runtime", view.runtime},
          {"started", to_rfc3339(view.started)},
          {"ended", time_or_null(view.ended)},
          {"expires", to_rfc3339(view.expires)},
          {"ended_why", view.ended_why},
          {"idle_limit_seconds", view.idle_limit.count()},
          {"last_active", view.seen ? json::value(to_rfc3339(view.seen->last_active)) : nullptr},
          {"labels", to_json(view.labels)},
          {"grants", to_list(view.grants)},
          {"credentials", to_list(view.credentials)}};
}

json::object to_json(const vault::Activity::Seen& seen) {
  return {{"uses", seen.uses},
          {"under_way", seen.under_way},
          {"bytes_up", seen.bytes_up},
          {"bytes_down", seen.bytes_down}};
}

json::object to_json(const SessionHolder& holder) {
  json::array keys;
  for (const KeyId& key : holder.keys) keys.emplace_back(key.text());
  return {{"holder", holder.holder.text()},
          {"name", holder.name},
          {"role", holder.role},
          {"since", to_rfc3339(holder.since)},
          {"keys", std::move(keys)}};
}

json::object to_json(const vault::StartedSession& started) {
  return {{"session", to_json(started.session)},
          {"proxy",
           {{"credential", started.proxy.credential}, {"authority", started.proxy.authority_pem}}},
          {"passes", to_list(started.passes)},
          {"injected", to_list(started.injected)}};
}

json::object to_json(const vault::SealView& view) {
  return {{"id", view.id.text()},
          {"kind", view.kind},
          {"detail", view.detail},
          {"created", to_rfc3339(view.created)},
          {"state", view.state},
          {"why", view.why},
          {"seen", view.seen ? json::value(to_rfc3339(*view.seen)) : json::value()}};
}

json::object to_json(const vault::RootRotation& rotation) {
  return {{"seals", to_json_list(rotation.seals)},
          {"at", to_rfc3339(rotation.at)},
          {"overwritten", rotation.is_overwritten},
          {"forgotten", rotation.is_forgotten}};
}

json::object to_json(const vault::RewrapView& view) {
  return {{"tenant", view.tenant},
          {"state", view.state},
          {"epoch", view.epoch},
          {"keys", view.keys},
          {"seen", view.seen},
          {"rewrapped", view.rewrapped},
          {"left", view.left},
          {"forgotten", view.is_forgotten},
          {"why", view.why},
          {"receipt", view.receipt},
          {"begun", to_rfc3339(view.begun)},
          {"ended", view.ended ? json::value(to_rfc3339(*view.ended)) : json::value()}};
}

json::object to_json(const catalog::Service& service) {
  json::array homes;
  for (const catalog::Home home : service.homes)
    homes.emplace_back(json::string_view(catalog::name_of(home)));
  json::array variables;
  for (const catalog::Variable& variable : service.variables)
    variables.emplace_back(json::string_view(variable.name));
  return {{"id", service.id},
          {"title", service.title},
          {"delivery", json::string_view(catalog::name_of(service.delivery))},
          {"homes", std::move(homes)},
          {"hosts", to_json(service.hosts)},
          {"variables", std::move(variables)},
          {"settings", to_list(service.settings)},
          {"can_check", !service.check.method.empty()},
          {"ends_at_source", !service.revocation.method.empty()},
          {"console_url", service.console_url}};
}

json::object to_json(const store::Inspection& inspection) {
  json::array faults;
  for (const auto& fault : inspection.faults)
    faults.push_back(json::object{{"table", fault.table}, {"row", fault.row}});
  return {
      {"rows", inspection.rows},
      {"faults", std::move(faults)},
      {"fault_count", inspection.fault_count},
      {"damage", to_json(inspection.damage)},
      {"is_content_right", inspection.is_content_right ? json::value(*inspection.is_content_right)
                                                       : json::value(nullptr)},
      {"tenants", to_json(inspection.tenants)}};
}

json::object to_json(const audit::Verified& verified) {
  return {{"entries", verified.entries},
          {"checkpoints", verified.checkpoints},
          {"after_last_checkpoint", verified.after_last_checkpoint},
          {"head", verified.head},
          {"tree_size", verified.tree_size},
          {"tree_root", verified.tree_root}};
}

json::object to_json(const vault::IdentityProviderView& view) {
  json::object roles;
  for (const auto& [group, role] : view.roles) roles[group] = role;
  return {{"id", view.id.text()},
          {"tenant", view.tenant},
          {"name", view.name},
          {"issuer", view.issuer},
          {"client_id", view.client_id},
          {"has_secret", view.has_secret},
          {"scopes", to_json(view.scopes)},
          {"groups_claim", view.groups_claim},
          {"roles", std::move(roles)},
          {"other_role", view.other_role},
          {"domains", to_json(view.domains)},
          {"ready", view.is_ready},
          {"provisions", view.is_provisioning},
          {"created", to_rfc3339(view.created)}};
}

json::object to_json(const vault::IdentityView& view) {
  return {{"id", view.id.text()},
          {"tenant", view.tenant},
          {"member", view.member},
          {"provider", view.provider},
          {"subject", view.subject},
          {"created", to_rfc3339(view.created)},
          {"last_used", to_micros(view.last_used) == 0 ? json::value(nullptr)
                                                       : json::value(to_rfc3339(view.last_used))}};
}

json::object to_json(const vault::OAuthClientView& view) {
  return {{"name", view.name},
          {"service", view.service},
          {"issuer", view.issuer},
          {"client_id", view.client_id},
          {"scopes", to_json(view.scopes)},
          {"has_secret", view.has_secret},
          {"ready", view.is_ready},
          {"device", view.has_device},
          {"revokes", view.has_revoke},
          {"created", to_rfc3339(view.created)}};
}

json::object to_json(const vault::LoginView& view) {
  const vault::DeviceLogin device = view.device.value_or(vault::DeviceLogin());
  return {{"id", view.id},
          {"state", view.state},
          {"why", view.why},
          {"key", view.key ? json::value(view.key->text()) : json::value(nullptr)},
          {"url", device.url},
          {"user_code", device.user_code},
          {"whole_url", device.whole_url},
          {"expires", to_rfc3339(view.expires)}};
}

json::object to_json(const sinks::View& sink) {
  return {{"id", sink.name},
          {"kind", sink.kind},
          {"to", sink.to},
          {"required", sink.is_required},
          {"state", sink.state},
          {"sent", sink.sent},
          {"pending", sink.pending},
          {"behind_seconds", sink.behind.count()},
          {"last_taken", to_rfc3339(sink.last_taken)},
          {"error", sink.error}};
}

json::object to_json(const vault::TokenView& view) {
  json::object out{{"id", view.id.text()},
                   {"tenant", view.tenant},
                   {"name", view.name},
                   {"scope", view.scope},
                   {"for_any_member", view.for_any_member},
                   {"state", view.state},
                   {"created", to_rfc3339(view.created)},
                   {"expires", to_rfc3339(view.expires)}};
  out["member"] = text_or_null(view.member);
  out["role"] = text_or_null(view.role);
  out["last_used"] = time_or_null(view.last_used);
  return out;
}

json::object to_json(const vault::TicketView& view) {
  json::object out{{"id", view.id.text()},
                   {"tenant", view.tenant},
                   {"member", view.member},
                   {"state", view.state},
                   {"created", to_rfc3339(view.created)},
                   {"expires", to_rfc3339(view.expires)}};
  out["services"] = to_json(view.services);
  out["skills"] = to_json(view.skills);
  out["used"] = time_or_null(view.used);
  out["session"] = view.session ? json::value(view.session->text()) : json::value(nullptr);
  return out;
}

json::object to_json(const vault::SignInView& view) {
  return {{"id", view.id.text()},
          {"tenant", view.tenant},
          {"member", view.member},
          {"from", view.from},
          {"created", to_rfc3339(view.created)},
          {"seen", to_rfc3339(view.seen)},
          {"expires", to_rfc3339(view.expires)}};
}

json::object to_json(const vault::PasskeyView& view) {
  json::object out{{"id", view.id.text()},
                   {"name", view.name},
                   {"may_sync", view.may_sync},
                   {"created", to_rfc3339(view.created)}};
  out["last_used"] =
      view.last_used == WallTime() ? json::value(nullptr) : json::value(to_rfc3339(view.last_used));
  return out;
}

}  // namespace strongroom::api
