// Who calls, and the tokens that programs call with. SPDX-License-Identifier: Apache-2.0
#include <chrono>

#include "api/operations.h"
#include "api/views.h"

namespace strongroom::api {
namespace {

/// The names of where somebody stands; none of them for the operator.
Status put_standing(Call& call, json::object& out) {
  const auto& standing = call.actor.standing();
  if (!standing) return {};
  STRONGROOM_TRY(const auto tenants, call.services.vault.list_tenants(call.actor));
  for (const auto& each : tenants) out["tenant"] = each.name;
  if (!standing->member) return {};
  STRONGROOM_TRY(const auto members, call.services.vault.list_members(call.actor, {}));
  for (const auto& each : members)
    if (each.id == *standing->member) out["member"] = each.name;
  return {};
}

}  // namespace

Answer show_access(Call& call) {
  const auto& standing = call.actor.standing();
  json::object out{{"name", call.actor.name()},
                   {"tenant", nullptr},
                   {"member", nullptr},
                   {"role", standing ? vault::name_of(standing->role) : "operator"}};
  STRONGROOM_CHECKED(put_standing(call, out));
  json::array rights;
  for (unsigned each = 0; each <= static_cast<unsigned>(vault::kLastRight); ++each) {
    const auto right = static_cast<vault::Right>(each);
    if (call.actor.has(right)) rights.emplace_back(vault::name_of(right));
  }
  out["rights"] = std::move(rights);
  return Reply{std::move(out), {}, {}};
}

Answer list_tokens(Call& call) {
  STRONGROOM_TRY(const auto tokens,
                 call.services.vault.list_tokens(call.actor, call.parameter("tenant")));
  return reply(to_json_list(tokens));
}

Answer add_token(Call& call) {
  vault::NewToken wanted;
  wanted.tenant = call.text("tenant");
  wanted.member = call.text("member");
  wanted.name = call.text("name");
  wanted.role = call.text("role");
  if (const std::string scope = call.text("scope"); !scope.empty()) wanted.scope = scope;
  const auto& body = call.body.get_object();
  if (const auto* given = body.if_contains("for_any_member"); given != nullptr && given->is_bool())
    wanted.for_any_member = given->get_bool();
  if (const auto* given = body.if_contains("valid_seconds"); given != nullptr && given->is_int64())
    wanted.valid = std::chrono::seconds(given->get_int64());
  STRONGROOM_TRY(auto issued, call.services.vault.add_token(call.actor, wanted));
  json::object out{{"id", issued.view.id.text()},
                   {"token", issued.token},
                   {"expires", to_rfc3339(issued.view.expires)}};
  return Reply{std::move(out), {}, {}};
}

Answer revoke_token(Call& call) {
  STRONGROOM_TRY(const TokenId id, TokenId::parse(call.path["id"]));
  STRONGROOM_CHECKED(call.services.vault.revoke_token(call.actor, id));
  return Reply();
}

}  // namespace strongroom::api
