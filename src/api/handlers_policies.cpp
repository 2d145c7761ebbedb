// Policies: what keys may be used for, and how much. SPDX-License-Identifier: Apache-2.0
#include "api/operations.h"
#include "api/views.h"

namespace strongroom::api {
namespace {

/// Null when it was not given; null itself counts as not given.
const json::value* given(const Call& call, std::string_view name) {
  const auto* value = call.body.get_object().if_contains(json::string_view(name));
  return value == nullptr || value->is_null() ? nullptr : value;
}

std::optional<std::int64_t> number(const Call& call, std::string_view name) {
  const auto* value = given(call, name);
  if (value == nullptr) return std::nullopt;
  if (value->is_int64()) return value->get_int64();
  return INT64_MAX;  // a whole number beyond it: refused as too large
}

std::optional<std::vector<std::string>> rules(const Call& call, std::string_view name) {
  if (given(call, name) == nullptr) return std::nullopt;
  return call.texts(name);
}

Result<vault::PolicyPlace> place_of(std::string tenant, std::string service,
                                    const std::string& key) {
  vault::PolicyPlace place{std::move(tenant), std::move(service), std::nullopt};
  if (!key.empty()) {
    STRONGROOM_TRY(place.key, KeyId::parse(key));
  }
  return place;
}

Result<vault::PolicyPlace> place_in_path(Call& call) {
  return place_of(call.path["tenant"], call.parameter("service"), call.parameter("key"));
}

vault::PolicyChange change_in(Call& call) {
  vault::PolicyChange change;
  change.allow = rules(call, "allow");
  change.deny = rules(call, "deny");
  change.open = rules(call, "open");
  if (given(call, "on_echo") != nullptr) change.on_echo = call.text("on_echo");
  if (given(call, "on_misplaced") != nullptr) change.on_misplaced = call.text("on_misplaced");
  change.requests_per_minute = number(call, "requests_per_minute");
  change.concurrent = number(call, "concurrent");
  change.bytes_per_day = number(call, "bytes_per_day");
  if (given(call, "budget_unit") != nullptr) change.budget_unit = call.text("budget_unit");
  change.budget_per_day = number(call, "budget_per_day");
  change.tunnels = rules(call, "tunnels");
  return change;
}

}  // namespace

Answer list_policies(Call& call) {
  STRONGROOM_TRY(const auto policies,
                 call.services.vault.list_policies(call.actor, call.parameter("tenant")));
  return reply(to_json_list(policies));
}

io::Task<Answer> set_policy(Call& call) {
  auto place = place_of(call.text("tenant"), call.text("service"), call.text("key"));
  if (!place) co_return std::unexpected(std::move(place).error());
  vault::PolicyChange change = change_in(call);
  vault::Actor actor = call.actor;
  const auto policy = co_await call.services.vault.set_policy(std::move(actor), std::move(*place),
                                                              std::move(change));
  if (!policy) co_return std::unexpected(policy.error());
  co_return reply(to_json(*policy));
}

Answer show_policy(Call& call) {
  STRONGROOM_TRY(const auto place, place_in_path(call));
  STRONGROOM_TRY(const auto policy, call.services.vault.show_policy(call.actor, place));
  return reply(to_json(policy));
}

io::Task<Answer> remove_policy(Call& call) {
  auto place = place_in_path(call);
  if (!place) co_return std::unexpected(std::move(place).error());
  vault::Actor actor = call.actor;
  const Status done =
      co_await call.services.vault.remove_policy(std::move(actor), std::move(*place));
  if (!done) co_return std::unexpected(done.error());
  co_return Reply();
}

}  // namespace strongroom::api
