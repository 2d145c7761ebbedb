// Who this installation is at services' authorization servers. SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "base/utf8.h"
#include "catalog/https_url.h"
#include "vault/state.h"

namespace strongroom::vault {
namespace {

constexpr std::string_view kByDiscovery = "generic-oauth";
constexpr std::size_t kLongestClientId = 256;
constexpr std::size_t kMostScopes = 32;

bool is_visible(std::string_view text) {
  return !text.empty() && text.size() <= kLongestClientId &&
         std::ranges::all_of(text, [](char c) { return c > ' ' && c <= '~'; });
}

store::Where named(std::string_view name) {
  return {{"name", std::string(name)}};
}

std::string place_of_secret(std::string_view name) {
  return "oauth client " + std::string(name);
}

Status check_new(const NewOAuthClient& wanted, const catalog::Service& service) {
  if (!wanted.issuer.empty()) {
    const auto url = catalog::parse_https_url(wanted.issuer);
    if (!url) return fail(Code::Invalid, "The issuer is " + url.error().message + ".");
    if (wanted.issuer.find('?') != std::string::npos)
      return fail(Code::Invalid, "The issuer is an address without a query.");
  }
  if (!service.oauth.is_there() && !service.oauth_by_discovery)
    return fail(Code::Unsupported, "Nobody logs in to " + service.title + ": its keys are pasted.",
                "login_unsupported");
  if (service.oauth_by_discovery && wanted.issuer.empty())
    return fail(Code::Invalid, "Say whose logins these are: --issuer https://...");
  if (!is_visible(wanted.client_id))
    return fail(Code::Invalid, "The client's id has 1 to 256 visible characters.");
  if (wanted.scopes.size() > kMostScopes || !std::ranges::all_of(wanted.scopes, is_visible))
    return fail(Code::Invalid, "There are at most 32 scopes, each one word.");
  return {};
}

}  // namespace

Result<std::vector<std::string>> texts_of(const std::string& list) {
  STRONGROOM_TRY(const auto parsed, parse_json(list));
  std::vector<std::string> out;
  if (!parsed.is_array()) return fail(Code::Tampered, "A list of texts is malformed.");
  for (const auto& each : parsed.get_array())
    if (each.is_string()) out.emplace_back(each.get_string());
  return out;
}

Result<store::OAuthClient> Vault::State::oauth_client(std::string_view name) {
  STRONGROOM_TRY(auto found, store.find<store::OAuthClient>(named(name)));
  if (found) return std::move(*found);
  return fail(Code::NotFound,
              "Logins to '" + std::string(name.substr(0, 64)) +
                  "' are not set up here: 'strongroom oauth client set' does that.",
              "client_unknown");
}

Result<Secret> Vault::State::secret_of(const store::OAuthClient& client) {
  if (client.secret.empty()) return Secret();
  return hierarchy.open_own(place_of_secret(client.name), client.secret);
}

/// The catalogue's, with what the issuer has said of itself in its place.
Result<catalog::OAuth> Vault::State::oauth_of(const store::OAuthClient& client) {
  STRONGROOM_TRY(const auto* service, this->service(client.service));
  catalog::OAuth out = service->oauth;
  STRONGROOM_TRY(const auto scopes, texts_of(client.scopes));
  if (!scopes.empty()) out.scopes = scopes;
  if (client.issuer.empty()) return out;
  STRONGROOM_TRY(const auto said, settings_of(client.metadata));
  const auto word = [&](std::string_view name) {
    const auto found = std::ranges::find(said, name, &Settings::value_type::first);
    return found == said.end() ? std::string() : found->second;
  };
  out.issuer = client.issuer;
  out.authorize = word("authorization_endpoint");
  out.token = word("token_endpoint");
  out.device = word("device_authorization_endpoint");
  out.revoke = word("revocation_endpoint");
  out.revoke_style =
      out.revoke.empty() ? catalog::RevokeStyle::None : catalog::RevokeStyle::Standard;
  out.requires_issuer = word("iss") == "yes";
  out.client = word("client") == "body" ? catalog::ClientAuthentication::Body
                                        : catalog::ClientAuthentication::Basic;
  return out;
}

Result<OAuthClientView> Vault::State::view(const Actor& actor, const store::OAuthClient& client) {
  OAuthClientView view;
  view.name = client.name;
  view.service = client.service;
  view.issuer = client.issuer;
  if (actor.has(Right::Operate)) view.client_id = client.client_id;
  STRONGROOM_TRY(const auto oauth, oauth_of(client));
  view.scopes = oauth.scopes;
  view.has_secret = !client.secret.empty();
  view.is_ready = oauth.is_there();
  view.has_device = !oauth.device.empty();
  view.has_revoke = oauth.revoke_style != catalog::RevokeStyle::None;
  view.created = from_micros(client.created);
  return view;
}

Result<OAuthClientView> Vault::set_oauth_client(const Actor& actor, const NewOAuthClient& wanted,
                                                const Secret& secret) {
  auto& state = *state_;
  STRONGROOM_CHECKED(actor.need(Right::Operate));
  store::OAuthClient row;
  STRONGROOM_TRY(row.name, checked_name("client", wanted.name));
  row.service = !wanted.service.empty()                   ? wanted.service
                : state.catalog.find(row.name) != nullptr ? row.name
                                                          : std::string(kByDiscovery);
  STRONGROOM_TRY(const auto* service, state.service(row.service));
  STRONGROOM_CHECKED(check_new(wanted, *service));
  const bool is_word = secret.is_empty() ||
                       secret.reveal([](ByteView octets) { return is_visible(text_of(octets)); });
  if (!is_word) return fail(Code::Invalid, "The client's secret has 1 to 256 visible characters.");
  if (state.catalog.find(row.name) != nullptr && row.name != row.service)
    return fail(Code::Invalid, "'" + row.name + "' is the name of another service.");
  row.issuer = wanted.issuer;
  row.client_id = wanted.client_id;
  json::array scopes;
  for (const auto& each : wanted.scopes) scopes.emplace_back(each);
  row.scopes = to_text(scopes);
  if (!secret.is_empty()) row.secret = state.hierarchy.seal_own(place_of_secret(row.name), secret);
  row.created = row.changed = state.now();
  STRONGROOM_CHECKED(state.commit([&]() -> Status {
    STRONGROOM_TRY(const auto old, state.store.find<store::OAuthClient>(named(row.name)));
    if (old) row.created = old->created;
    // Tokens of one client are of no use to another.
    const bool is_other = old && (old->client_id != row.client_id || old->issuer != row.issuer ||
                                  old->service != row.service);
    if (is_other) {
      STRONGROOM_CHECKED(state.need_unused(row.name));
    }
    // What its issuer has said stays until it says something else: a key that is revoked while it
    // is asked, or does not answer, is ended there.
    if (old && old->issuer == row.issuer) row.metadata = old->metadata;
    STRONGROOM_CHECKED(old ? state.store.update(row) : state.store.insert(row));
    audit::Act act;
    act.service = row.service;
    act.detail = row.name;
    return state.act(actor, "oauth.client.set", std::move(act));
  }));
  return state.view(actor, row);
}

Result<std::vector<OAuthClientView>> Vault::list_oauth_clients(const Actor& actor) {
  STRONGROOM_TRY(const auto rows, state_->store.list<store::OAuthClient>());
  std::vector<OAuthClientView> out;
  for (const auto& row : rows) {
    STRONGROOM_TRY(auto view, state_->view(actor, row));
    out.push_back(std::move(view));
  }
  std::ranges::sort(out, {}, &OAuthClientView::name);
  return out;
}

/// Whatever it gave must be ended by it.
Status Vault::State::need_unused(const std::string& client) {
  STRONGROOM_TRY(const auto grants, store.list<store::OAuthGrant>({{"client", client}}));
  const bool is_used =
      std::ranges::any_of(grants, [](const store::OAuthGrant& grant) { return is_kept(grant); });
  if (!is_used) return {};
  return fail(Code::Conflict, "There are logins by '" + client + "': revoke their keys first.",
              "client_in_use");
}

Status Vault::remove_oauth_client(const Actor& actor, std::string_view name) {
  auto& state = *state_;
  STRONGROOM_CHECKED(actor.need(Right::Operate));
  return state.commit([&]() -> Status {
    STRONGROOM_TRY(const auto row, state.oauth_client(name));
    STRONGROOM_CHECKED(state.need_unused(row.name));
    STRONGROOM_TRY([[maybe_unused]] const int gone,
                   state.store.erase<store::OAuthClient>(named(row.name)));
    audit::Act act;
    act.service = row.service;
    act.detail = row.name;
    return state.act(actor, "oauth.client.remove", std::move(act));
  });
}

Result<std::optional<dynamic::Job>> Vault::discovery_of(std::string_view client) {
  STRONGROOM_TRY(const auto row, state_->oauth_client(client));
  if (row.issuer.empty()) return std::nullopt;
  STRONGROOM_TRY(const auto url, catalog::parse_https_url(row.issuer));
  dynamic::Job job;
  job.source = dynamic::Source::Login;
  job.action = dynamic::Action::Discover;
  job.authority = url.authority;
  job.reference = url.target;
  if (job.reference.size() > 1 && job.reference.ends_with('/')) job.reference.pop_back();
  job.settings = {{"issuer", row.issuer}};
  job.credential = State::login_secrets(Secret(), Secret(), Secret(), Secret());
  return job;
}

/// Endpoints may be at other hosts than the issuer's own, as long as it says so itself.
Status Vault::note_discovered(std::string_view client, const std::string& issuer,
                              const dynamic::Outcome& outcome) {
  auto& state = *state_;
  if (!outcome.error.empty()) {
    STRONGROOM_TRY(const auto row, state.oauth_client(client));
    STRONGROOM_TRY(const auto oauth, state.oauth_of(row));
    return fail(Code::Unavailable,
                std::string("The client is kept, ") +
                    (oauth.is_there() ? "with what its issuer has said before" : "but not ready") +
                    ": " + outcome.error + ". Set it again when its issuer answers.",
                "issuer_not_asked");
  }
  Settings said;
  for (const auto& [name, value] : outcome.facts) {
    if (name.ends_with("_endpoint") && !catalog::parse_https_url(value))
      return fail(Code::Refused, "The issuer's " + name + " is no address by https.");
    said.emplace_back(name, value);
  }
  if (outcome.fact("authorization_endpoint").empty() || outcome.fact("token_endpoint").empty())
    return fail(Code::Refused, "The issuer names no endpoints to log in at.");
  return state.commit([&]() -> Status {
    STRONGROOM_TRY(auto row, state.oauth_client(client));
    // It was set to another one while this one was asked: codes and secrets are not for this one.
    if (row.issuer != issuer)
      return fail(Code::Conflict, "The client was set to another issuer meanwhile.",
                  "client_changed");
    row.metadata = settings_text(said);
    row.changed = state.now();
    return state.store.update(row);
  });
}

Status Vault::State::rewrap_oauth_in_transaction(const Hierarchy& next) {
  const auto rewrap = [&](const std::string& place, ByteVector& sealed) -> Status {
    if (sealed.empty()) return {};
    STRONGROOM_TRY(sealed, hierarchy.rewrap_own(place, sealed, next));
    return {};
  };
  STRONGROOM_TRY(auto clients, store.list<store::OAuthClient>());
  for (auto& row : clients) {
    STRONGROOM_CHECKED(rewrap(place_of_secret(row.name), row.secret));
    STRONGROOM_CHECKED(store.update(row));
  }
  STRONGROOM_TRY(auto grants, store.list<store::OAuthGrant>());
  for (auto& row : grants) {
    STRONGROOM_CHECKED(rewrap(place_of_tokens(row.id), row.tokens));
    STRONGROOM_CHECKED(rewrap(place_of_handover(row.id), row.handover));
    STRONGROOM_CHECKED(store.update(row));
  }
  return {};
}

}  // namespace strongroom::vault
