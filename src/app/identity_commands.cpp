// The commands about identity providers, and who is known by them. SPDX-License-Identifier:
// Apache-2.0
#include "app/call.h"
#include "app/prompt.h"
#include "base/encoding.h"
#include "io/process/process.h"

namespace strongroom::app {
namespace {

const std::vector<Column> kProvider = {{"NAME", "name"},       {"TENANT", "tenant"},
                                       {"ISSUER", "issuer"},   {"CLIENT ID", "client_id"},
                                       {"ROLES", "roles"},     {"EVERYBODY ELSE", "other_role"},
                                       {"DOMAINS", "domains"}, {"REDIRECT", "redirect_uri"},
                                       {"READY", "ready"},     {"PROVISIONS", "provisions"}};
const std::vector<Column> kProvisioning = {
    {"PROVIDER", "provider"}, {"TENANT", "tenant"}, {"URL", "url"}, {"TOKEN", "token"}};
const std::vector<Column> kIdentity = {{"ID", "id"},           {"TENANT", "tenant"},
                                       {"MEMBER", "member"},   {"PROVIDER", "provider"},
                                       {"SUBJECT", "subject"}, {"LAST USED", "last_used"}};

constexpr std::string_view kProviders = "/api/v1/identity-providers";
constexpr std::string_view kIdentities = "/api/v1/identities";

Result<json::object> body_of(const IdentityProviderOptions& options) {
  json::object body{{"tenant", options.tenant},
                    {"name", options.name},
                    {"issuer", options.issuer},
                    {"client_id", options.client_id}};
  if (!options.scopes.empty()) body["scopes"] = to_array(options.scopes);
  if (!options.domains.empty()) body["domains"] = to_array(options.domains);
  if (!options.groups_claim.empty()) body["groups_claim"] = options.groups_claim;
  if (!options.other_role.empty()) body["other_role"] = options.other_role;
  STRONGROOM_TRY(const auto groups, split_pairs(options.groups, "--group"));
  json::object roles;
  for (const auto& [group, role] : groups) roles[group] = role;
  if (!roles.empty()) body["roles"] = std::move(roles);
  return body;
}

}  // namespace

int identity_provider_add(const Common& common, const IdentityProviderOptions& options) {
  (void)io::confine_this_process();
  const auto body = body_of(options);
  if (!body) return report(body.error());
  Secret secret;
  if (!options.has_no_secret) {
    auto value = read_line_value("Secret of the client");
    if (!value) return report(value.error());
    secret = std::move(*value);
  }
  return with_client(
      common,
      [&](ControlClient& client) {
        return secret.is_empty() ? client.post(kProviders, *body)
                                 : client.post_with_value(kProviders, *body, secret);
      },
      [&](const json::value& answer) { print_object(common.format, answer, kProvider); });
}

int identity_provider_list(const Common& common, const std::string& tenant) {
  return with_client(
      common,
      [&](ControlClient& client) {
        return client.get(std::string(kProviders) + query({{"tenant", tenant}}));
      },
      [&](const json::value& answer) {
        print_list(common.format, answer, kProvider,
                   "No identity providers yet. Set one up: strongroom identity-provider add NAME "
                   "--tenant TENANT --issuer URL --id ID");
      });
}

int identity_provider_check(const Common& common, const std::string& tenant,
                            const std::string& name) {
  return with_client(
      common,
      [&](ControlClient& client) {
        return client.post(
            path_of("identity-providers", name, "check") + query({{"tenant", tenant}}), {});
      },
      [&](const json::value& answer) { print_object(common.format, answer, kProvider); });
}

int identity_provider_remove(const Common& common, const std::string& tenant,
                             const std::string& name) {
  return remove_at(common, path_of("identity-providers", name) + query({{"tenant", tenant}}),
                   "identity provider " + name + " removed");
}

int provisioning_start(const Common& common, const std::string& tenant, const std::string& name) {
  return with_client(
      common,
      [&](ControlClient& client) {
        return client.post(
            path_of("identity-providers", name, "provisioning") + query({{"tenant", tenant}}), {});
      },
      [&](const json::value& answer) { print_object(common.format, answer, kProvisioning); });
}

int provisioning_stop(const Common& common, const std::string& tenant, const std::string& name) {
  return remove_at(
      common, path_of("identity-providers", name, "provisioning") + query({{"tenant", tenant}}),
      "identity provider " + name + " provisions nobody any more");
}

int identity_list(const Common& common, const std::string& tenant) {
  return with_client(
      common,
      [&](ControlClient& client) {
        return client.get(std::string(kIdentities) + query({{"tenant", tenant}}));
      },
      [&](const json::value& answer) {
        print_list(common.format, answer, kIdentity,
                   "Nobody is known by an identity provider yet.");
      });
}

int identity_remove(const Common& common, const std::string& id) {
  return remove_at(common, path_of("identities", id), "identity " + id + " removed");
}

}  // namespace strongroom::app
