// The commands about who calls: tokens for programs, and whose the present credential is.
// SPDX-License-Identifier: Apache-2.0
#include "app/call.h"

namespace strongroom::app {
namespace {

const std::vector<Column> kRow = {
    {"ID", "id"},         {"TENANT", "tenant"},   {"NAME", "name"},
    {"MEMBER", "member"}, {"ROLE", "role"},       {"SCOPE", "scope"},
    {"STATE", "state"},   {"EXPIRES", "expires"}, {"LAST USED", "last_used"}};

}  // namespace

int token_add(const Common& common, const TokenOptions& options) {
  json::object body{{"tenant", options.tenant}, {"name", options.name}};
  if (!options.member.empty()) body["member"] = options.member;
  if (!options.machine_role.empty()) body["role"] = options.machine_role;
  if (!options.scope.empty()) body["scope"] = options.scope;
  if (options.for_any_member) body["for_any_member"] = true;
  if (options.valid_seconds > 0) body["valid_seconds"] = options.valid_seconds;
  return with_client(
      common, [&](ControlClient& client) { return client.post("/api/v1/tokens", body); },
      [&](const json::value& answer) {
        print_object(common.format, answer,
                     {{"token", "token"}, {"id", "id"}, {"expires", "expires"}});
      });
}

int member_invite(const Common& common, const std::string& tenant, const std::string& name) {
  return with_client(
      common,
      [&](ControlClient& client) {
        return client.post("/api/v1/invitations",
                           json::object{{"tenant", tenant}, {"member", name}});
      },
      [&](const json::value& answer) {
        print_object(common.format, answer, {{"link", "link"}, {"expires", "expires"}});
      });
}

int token_list(const Common& common, const std::string& tenant) {
  return with_client(
      common,
      [&](ControlClient& client) {
        return client.get("/api/v1/tokens" + query({{"tenant", tenant}}));
      },
      [&](const json::value& answer) {
        print_list(common.format, answer, kRow, "No tokens yet.");
      });
}

int token_revoke(const Common& common, const std::string& id) {
  return with_client(
      common, [&](ControlClient& client) { return client.remove(path_of("tokens", id)); },
      [&](const json::value&) {
        say(common.format, "Revoked: nobody calls with it from now on.");
      });
}

int who_am_i(const Common& common) {
  return with_client(
      common, [&](ControlClient& client) { return client.get("/api/v1/access"); },
      [&](const json::value& answer) {
        print_object(common.format, answer,
                     {{"name", "name"},
                      {"tenant", "tenant"},
                      {"member", "member"},
                      {"role", "role"},
                      {"rights", "rights"}});
      });
}

}  // namespace strongroom::app
