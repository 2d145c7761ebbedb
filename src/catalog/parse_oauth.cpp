// The [oauth] of a service's file. SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>

#include "catalog/https_url.h"
#include "catalog/oauth.h"
#include "catalog/parse_parts.h"
#include "catalog/rules.h"

namespace strongroom::catalog {
namespace {

constexpr std::array<std::pair<std::string_view, RevokeStyle>, 4> kStyles = {
    {{"standard", RevokeStyle::Standard},
     {"client_delete", RevokeStyle::ClientDelete},
     {"bearer", RevokeStyle::Bearer},
     {"path", RevokeStyle::Path}}};

Status check_address(const Section& section, std::string_view name, const std::string& text) {
  if (text.empty()) return {};
  const auto url = parse_https_url(text);
  return url ? Status() : section.mistake(name, Section::quoted(name) + ": " + url.error().message);
}

/// What is put in for {client_id} and {token} is percent-encoded.
std::string without_templates(std::string text) {
  for (const std::string_view each : {"{client_id}", "{token}"})
    if (const auto at = text.find(each); at != text.npos) text.replace(at, each.size(), "x");
  return text;
}

Status read_endpoints(const Section& section, OAuth& oauth) {
  STRONGROOM_CHECKED(section.text("authorize", oauth.authorize));
  STRONGROOM_CHECKED(section.text("token", oauth.token));
  STRONGROOM_CHECKED(section.text("device", oauth.device));
  STRONGROOM_CHECKED(section.text("revoke", oauth.revoke));
  STRONGROOM_CHECKED(section.text("issuer", oauth.issuer));
  STRONGROOM_CHECKED(section.flag("requires_issuer", oauth.requires_issuer));
  STRONGROOM_CHECKED(check_address(section, "authorize", oauth.authorize));
  STRONGROOM_CHECKED(check_address(section, "token", oauth.token));
  STRONGROOM_CHECKED(check_address(section, "device", oauth.device));
  STRONGROOM_CHECKED(check_address(section, "revoke", without_templates(oauth.revoke)));
  STRONGROOM_CHECKED(check_address(section, "issuer", oauth.issuer));
  if (oauth.authorize.empty() != oauth.token.empty())
    return section.mistake("token", "'authorize' and 'token' go together");
  return {};
}

Status read_revoke(const Section& section, OAuth& oauth) {
  std::string style = "standard";
  STRONGROOM_CHECKED(section.text("revoke_style", style));
  const auto parsed = parse_revoke_style(style);
  if (!parsed) return section.mistake("revoke_style", parsed.error().message);
  oauth.revoke_style = oauth.revoke.empty() ? RevokeStyle::None : *parsed;
  const bool has_token = oauth.revoke.find("{token}") != std::string::npos;
  if (has_token != (oauth.revoke_style == RevokeStyle::Path))
    return section.mistake("revoke", "{token} is in 'revoke' where its style is path");
  return {};
}

Status read_scopes(const Section& section, OAuth& oauth) {
  STRONGROOM_CHECKED(section.texts("scopes", oauth.scopes));
  STRONGROOM_CHECKED(section.text("scope_separator", oauth.scope_separator));
  STRONGROOM_CHECKED(section.text("scope_parameter", oauth.scope_parameter));
  for (const auto& scope : oauth.scopes)
    if (!is_plain(scope)) return section.mistake("scopes", "a scope is one word");
  if (oauth.scope_separator != " " && oauth.scope_separator != ",")
    return section.mistake("scope_separator", "'scope_separator' is a blank or a comma");
  if (!is_plain(oauth.scope_parameter))
    return section.mistake("scope_parameter", "'scope_parameter' is one word");
  return {};
}

Status read_client(const Section& section, OAuth& oauth) {
  std::string client = "body", body = "form";
  STRONGROOM_CHECKED(section.text("client", client));
  STRONGROOM_CHECKED(section.text("body", body));
  STRONGROOM_CHECKED(section.flag("pkce", oauth.pkce));
  STRONGROOM_CHECKED(section.text("token_member", oauth.token_member));
  if (client != "body" && client != "basic")
    return section.mistake("client", "'client' is body or basic");
  if (body != "form" && body != "json") return section.mistake("body", "'body' is form or json");
  oauth.client = client == "body" ? ClientAuthentication::Body : ClientAuthentication::Basic;
  oauth.body = body == "form" ? BodyForm::Form : BodyForm::Json;
  return section.text_members(
      "parameters", [&](const Section& members, std::string name, std::string value) -> Status {
        constexpr std::array<std::string_view, 9> kOurs = {
            "client_id",      "client_secret", "redirect_uri",          "response_type", "state",
            "code_challenge", "scope",         "code_challenge_method", "response_mode"};
        if (std::ranges::find(kOurs, name) != kOurs.end() || !is_plain(name) ||
            !is_printable(value))
          return members.mistake(name, "'" + name + "' is no parameter of a service's own");
        oauth.parameters.emplace_back(std::move(name), std::move(value));
        return {};
      });
}

}  // namespace

std::string_view name_of(RevokeStyle style) {
  const auto* const found =
      std::ranges::find(kStyles, style, [](const auto& each) { return each.second; });
  return found == kStyles.end() ? "none" : found->first;
}

Result<RevokeStyle> parse_revoke_style(std::string_view text) {
  if (text == "none") return RevokeStyle::None;
  const auto* const found =
      std::ranges::find(kStyles, text, [](const auto& each) { return each.first; });
  if (found != kStyles.end()) return found->second;
  return fail(Code::Invalid, "'revoke_style' is standard, client_delete, bearer or path");
}

Status read_oauth(const Section& section, Service& service) {
  STRONGROOM_CHECKED(section.only({"authorize", "token", "device", "revoke", "revoke_style",
                                   "issuer", "requires_issuer", "client", "body", "scopes",
                                   "scope_separator", "scope_parameter", "pkce", "token_member",
                                   "parameters", "only_for", "by_discovery"}));
  OAuth& oauth = service.oauth;
  STRONGROOM_CHECKED(read_endpoints(section, oauth));
  STRONGROOM_CHECKED(read_revoke(section, oauth));
  STRONGROOM_CHECKED(read_scopes(section, oauth));
  STRONGROOM_CHECKED(read_client(section, oauth));
  STRONGROOM_CHECKED(section.flag("by_discovery", service.oauth_by_discovery));
  if (service.oauth_by_discovery == oauth.is_there())
    return section.mistake("token", "an [oauth] has its endpoints, or says by_discovery = true");
  if (std::ranges::find(service.homes, Home::Integration) == service.homes.end())
    return section.mistake("token", "who logs in is a member: 'homes' must allow integration");
  return read_only_for(section, service, oauth.only_for);
}

}  // namespace strongroom::catalog
