// Installation, tenants, members, services, skills. SPDX-License-Identifier: Apache-2.0
#include "api/openapi.h"
#include "api/operations.h"
#include "api/views.h"
#include "http/head.h"

namespace strongroom::api {
namespace {

constexpr std::string_view kScanProtocol = "strongroom-scan/1";

Reply receipt(const vault::Receipt& signed_one) {
  return {nullptr, signed_one.document, {}};
}

}  // namespace

Answer show_installation(Call& call) {
  const Services& services = call.services;
  STRONGROOM_TRY(const auto seals, services.vault.list_seals(call.actor));
  std::string kinds;
  for (const auto& seal : seals) kinds += (kinds.empty() ? "" : ", ") + seal.kind;
  return reply(json::object{{"id", services.vault.installation_id()},
                            {"version", STRONGROOM_VERSION},
                            {"receipt_public_key", services.vault.receipt_public_key()},
                            {"seal", kinds},
                            {"seal_state", "open"},
                            {"gateway", services.options.gateway},
                            {"gateway_authority", services.options.gateway_authority},
                            {"provider_authorities", services.options.provider_authorities},
                            {"time", to_rfc3339(services.loop.clock().wall())}});
}

Answer show_openapi(Call&) {
  return reply(openapi_document());
}

Answer list_tenants(Call& call) {
  STRONGROOM_TRY(const auto tenants, call.services.vault.list_tenants(call.actor));
  return reply(to_json_list(tenants));
}

Answer add_tenant(Call& call) {
  STRONGROOM_TRY(const auto tenant, call.services.vault.add_tenant(call.actor, call.text("name")));
  return reply(to_json(tenant));
}

io::Task<Answer> remove_tenant(Call& call) {
  vault::Actor actor = call.actor;
  std::string name = call.path["name"];
  const Result<vault::Receipt> done =
      co_await call.services.vault.remove_tenant(std::move(actor), std::move(name));
  if (!done) co_return std::unexpected(done.error());
  co_return receipt(*done);
}

Answer scan_for_keys(Call& call) {
  if (!http::list_has(call.upgrade, kScanProtocol))
    return fail(
        Code::Invalid,
        "this needs 'Connection: Upgrade' and 'Upgrade: " + std::string(kScanProtocol) + "'",
        "upgrade_required");
  if (!call.services.hooks.begin_search)
    return fail(Code::Unavailable, "there is no searcher here");
  STRONGROOM_TRY(auto keys, call.services.vault.open_for_scan(call.actor, call.path["name"]));
  Reply out;
  STRONGROOM_TRY(out.take_over, call.services.hooks.begin_search(call.actor, std::move(keys)));
  return out;
}

Answer list_members(Call& call) {
  STRONGROOM_TRY(const auto members,
                 call.services.vault.list_members(call.actor, call.parameter("tenant")));
  return reply(to_json_list(members));
}

Answer add_member(Call& call) {
  const std::string role = call.text("role");
  STRONGROOM_TRY(const auto member,
                 call.services.vault.add_member(call.actor, call.text("tenant"), call.text("name"),
                                                role.empty() ? "member" : role));
  return reply(to_json(member));
}

io::Task<Answer> remove_member(Call& call) {
  vault::Actor actor = call.actor;
  std::string tenant = call.parameter("tenant");
  std::string name = call.path["name"];
  const Result<vault::Receipt> done = co_await call.services.vault.remove_member(
      std::move(actor), std::move(tenant), std::move(name));
  if (!done) co_return std::unexpected(done.error());
  co_return receipt(*done);
}

Answer list_services(Call& call) {
  json::array out;
  for (const auto& [id, service] : call.services.catalog.services())
    out.emplace_back(to_json(service));
  return reply(std::move(out));
}

Answer list_skills(Call& call) {
  STRONGROOM_TRY(const auto skills,
                 call.services.vault.list_skills(call.actor, call.parameter("tenant")));
  return reply(to_json_list(skills));
}

Answer add_skill(Call& call) {
  STRONGROOM_TRY(const auto skill,
                 call.services.vault.add_skill(call.actor, call.text("tenant"), call.text("name"),
                                               call.texts("services")));
  return reply(to_json(skill));
}

Answer remove_skill(Call& call) {
  STRONGROOM_CHECKED(
      call.services.vault.remove_skill(call.actor, call.parameter("tenant"), call.path["name"]));
  return Reply();
}

}  // namespace strongroom::api
