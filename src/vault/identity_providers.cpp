// Identity providers of tenants: setting one up. SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "base/utf8.h"
#include "catalog/https_url.h"
#include "vault/state.h"

namespace strongroom::vault {
namespace {

constexpr std::size_t kLongest = 256;
constexpr std::size_t kMostScopes = 32;
constexpr std::size_t kMostDomains = 32;
/// All of a table together: they go with each job, beside a provider's keys.
constexpr std::size_t kLongestTable = 8192;

bool is_word(std::string_view text) {
  return !text.empty() && text.size() <= kLongest &&
         std::ranges::all_of(text, [](char c) { return c > ' ' && c <= '~'; });
}

bool is_line(std::string_view text) {
  return !text.empty() && text.size() <= kLongest && is_utf8(text) &&
         std::ranges::none_of(
             text, [](char c) { return static_cast<unsigned char>(c) < 0x20U || c == '\x7f'; });
}

bool is_domain(std::string_view text) {
  return is_word(text) && text.find('@') == std::string_view::npos &&
         std::ranges::none_of(text, [](char c) { return c >= 'A' && c <= 'Z'; });
}

std::string place_of_secret(IdentityProviderId id) {
  return "identity provider " + id.text();
}

std::string list_text(const std::vector<std::string>& list) {
  json::array out;
  for (const auto& each : list) out.emplace_back(each);
  return to_text(out);
}

store::Where named(TenantId tenant, std::string_view name) {
  return {{"tenant", store::to_value(tenant)}, {"name", std::string(name)}};
}

std::unexpected<Error> unknown_provider() {
  return fail(Code::NotFound, "There is no identity provider of that name for that tenant here.",
              "provider_unknown");
}

Status check_address(const std::string& issuer) {
  const auto url = catalog::parse_https_url(issuer);
  if (!url) return fail(Code::Invalid, "The issuer is " + url.error().message + ".");
  if (issuer.find('?') != std::string::npos)
    return fail(Code::Invalid, "The issuer is an address without a query.");
  return {};
}

Status check_table(const NewIdentityProvider& wanted) {
  std::size_t size = 0;
  for (const auto& [group, role] : wanted.roles) {
    if (!is_line(group)) return fail(Code::Invalid, "A group has 1 to 256 octets on one line.");
    if (!role_of(role))
      return fail(Code::Invalid, "A role is one of owner, admin, member, auditor.");
    size += group.size();
  }
  if (wanted.roles.size() > kMostRoleGroups || size > kLongestTable)
    return fail(Code::Invalid, "At most 64 groups have roles, of 8192 octets together.");
  if (!wanted.other_role.empty() && !role_of(wanted.other_role))
    return fail(Code::Invalid, "The role of everybody else is a role, or none.");
  return {};
}

Status check_new(const NewIdentityProvider& wanted) {
  STRONGROOM_CHECKED(check_address(wanted.issuer));
  if (!is_word(wanted.client_id))
    return fail(Code::Invalid, "The client's id has 1 to 256 visible characters.");
  if (wanted.scopes.size() > kMostScopes || !std::ranges::all_of(wanted.scopes, is_word))
    return fail(Code::Invalid, "There are at most 32 scopes, each one word.");
  if (!wanted.groups_claim.empty() && !is_word(wanted.groups_claim))
    return fail(Code::Invalid, "The claim of the groups is one word.");
  if (wanted.domains.size() > kMostDomains || !std::ranges::all_of(wanted.domains, is_domain))
    return fail(Code::Invalid, "There are at most 32 domains, each as example.com.");
  return check_table(wanted);
}

store::IdentityProvider row_of(const NewIdentityProvider& wanted) {
  store::IdentityProvider row;
  row.issuer = wanted.issuer;
  row.client_id = wanted.client_id;
  std::vector<std::string> scopes = wanted.scopes;
  if (scopes.empty()) scopes = {"email", "profile"};
  if (std::ranges::find(scopes, "openid") == scopes.end()) scopes.insert(scopes.begin(), "openid");
  row.scopes = list_text(scopes);
  row.groups_claim = wanted.groups_claim.empty() ? "groups" : wanted.groups_claim;
  row.roles = settings_text(wanted.roles);
  row.other_role = wanted.other_role;
  row.domains = list_text(wanted.domains);
  return row;
}

}  // namespace

Result<store::IdentityProvider> Vault::State::identity_provider(const Actor& actor,
                                                                std::string_view tenant_name,
                                                                std::string_view name) {
  STRONGROOM_TRY(const auto tenant, this->tenant(actor, tenant_name));
  STRONGROOM_TRY(auto found, store.find<store::IdentityProvider>(named(tenant.id, name)));
  if (!found) return unknown_provider();
  return std::move(*found);
}

Result<Secret> Vault::State::secret_of(const store::IdentityProvider& row) {
  if (row.secret.empty()) return Secret();
  return hierarchy.open_own(place_of_secret(row.id), row.secret);
}

Result<IdentityProviderView> Vault::State::view(const store::IdentityProvider& row) {
  IdentityProviderView view;
  view.id = row.id;
  STRONGROOM_TRY(view.tenant, tenant_name(row.tenant));
  view.name = row.name;
  view.issuer = row.issuer;
  view.client_id = row.client_id;
  view.has_secret = !row.secret.empty();
  STRONGROOM_TRY(view.scopes, texts_of(row.scopes));
  view.groups_claim = row.groups_claim;
  STRONGROOM_TRY(view.roles, settings_of(row.roles));
  view.other_role = row.other_role;
  STRONGROOM_TRY(view.domains, texts_of(row.domains));
  view.is_ready = row.metadata != "{}";
  STRONGROOM_TRY(view.is_provisioning, is_provisioning(row.id));
  view.created = from_micros(row.created);
  return view;
}

/// Subjects are of their issuer: what was known of another is nothing here.
Result<IdentityProviderView> Vault::set_identity_provider(const Actor& actor,
                                                          const NewIdentityProvider& wanted,
                                                          const Secret& secret) {
  auto& state = *state_;
  STRONGROOM_CHECKED(actor.need(Right::AppointOwners));
  STRONGROOM_CHECKED(check_new(wanted));
  const bool is_visible =
      secret.is_empty() || secret.reveal([](ByteView octets) { return is_word(text_of(octets)); });
  if (!is_visible)
    return fail(Code::Invalid, "The client's secret has 1 to 256 visible characters.");
  store::IdentityProvider row = row_of(wanted);
  STRONGROOM_TRY(row.name, checked_name("identity provider", wanted.name));
  STRONGROOM_CHECKED(state.commit([&]() -> Status {
    STRONGROOM_TRY(const auto tenant, state.tenant(actor, wanted.tenant));
    row.tenant = tenant.id;
    const store::Where same = named(tenant.id, row.name);
    STRONGROOM_TRY(const auto old, state.store.find<store::IdentityProvider>(same));
    STRONGROOM_TRY(const auto count, state.store.count<store::IdentityProvider>(
                                         {{"tenant", store::to_value(tenant.id)}}));
    if (old && old->issuer != row.issuer)
      return fail(Code::Conflict,
                  "People are known by the issuer '" + old->issuer +
                      "' there: remove the provider, and add it anew.",
                  "issuer_differs");
    if (!old && static_cast<std::size_t>(count) >= kMostProviders)
      return fail(Code::Conflict, "A tenant has at most 10 identity providers.");
    row.id = old ? old->id : crypto::random_id<IdentityProviderId>();
    // Until its issuer, which is asked again, has said something better.
    if (old) row.metadata = old->metadata;
    row.changed = state.now();
    row.created = old ? old->created : row.changed;
    if (!secret.is_empty()) row.secret = state.hierarchy.seal_own(place_of_secret(row.id), secret);
    STRONGROOM_CHECKED(old ? state.store.update(row) : state.store.insert(row));
    audit::Act act;
    act.tenant = row.tenant;
    act.detail = row.id.text() + " " + row.name + " " + row.issuer;
    return state.act(actor, "identity_provider.set", std::move(act));
  }));
  return state.view(row);
}

Result<std::vector<IdentityProviderView>> Vault::list_identity_providers(const Actor& actor,
                                                                         std::string_view tenant) {
  auto& state = *state_;
  STRONGROOM_CHECKED(actor.need(Right::AppointOwners));
  STRONGROOM_TRY(const auto where, state.rows_of(actor, tenant));
  STRONGROOM_TRY(auto rows, state.store.list<store::IdentityProvider>(where));
  std::ranges::sort(rows, {}, &store::IdentityProvider::name);
  std::vector<IdentityProviderView> views;
  for (const auto& row : rows) {
    STRONGROOM_TRY(auto view, state.view(row));
    views.push_back(std::move(view));
  }
  return views;
}

Result<IdentityProviderView> Vault::show_identity_provider(const Actor& actor,
                                                           std::string_view tenant,
                                                           std::string_view name) {
  STRONGROOM_CHECKED(actor.need(Right::AppointOwners));
  STRONGROOM_TRY(const auto row, state_->identity_provider(actor, tenant, name));
  return state_->view(row);
}

Status Vault::remove_identity_provider(const Actor& actor, std::string_view tenant,
                                       std::string_view name) {
  auto& state = *state_;
  STRONGROOM_CHECKED(actor.need(Right::AppointOwners));
  STRONGROOM_CHECKED(state.commit([&]() -> Status {
    STRONGROOM_TRY(const auto row, state.identity_provider(actor, tenant, name));
    const store::Where of_provider{{"provider", store::to_value(row.id)}};
    STRONGROOM_TRY(const std::size_t withheld, state.count_withheld(row.id));
    if (withheld > 0)
      return fail(Code::Conflict,
                  std::to_string(withheld) +
                      " of its people have no access, as none of their groups has a role: without "
                      "the provider they would have it again. Remove these members first.",
                  "members_withheld");
    STRONGROOM_CHECKED(state.erase_identities_in_transaction(of_provider));
    STRONGROOM_CHECKED(state.erase_provisioned_in_transaction(of_provider));
    STRONGROOM_TRY([[maybe_unused]] const int gone,
                   state.store.erase<store::IdentityProvider>({{"id", store::to_value(row.id)}}));
    audit::Act act;
    act.tenant = row.tenant;
    act.detail = row.id.text() + " " + row.name;
    return state.act(actor, "identity_provider.remove", std::move(act));
  }));
  return state.anchoring.anchored();
}

Result<IdentityJob> Vault::identity_discovery_of(IdentityProviderId id) {
  STRONGROOM_TRY(const auto row, state_->by_id<store::IdentityProvider>(id));
  if (!row) return unknown_provider();
  STRONGROOM_TRY(const auto url, catalog::parse_https_url(row->issuer));
  IdentityJob out;
  out.attempt.provider = id;
  out.tenant = row->tenant;
  dynamic::Job& job = out.job;
  job.source = dynamic::Source::Login;
  job.action = dynamic::Action::Discover;
  job.authority = url.authority;
  job.reference = url.target;
  if (job.reference.size() > 1 && job.reference.ends_with('/')) job.reference.pop_back();
  job.settings = {{"issuer", row->issuer}, {"file", "openid"}};
  job.credential = State::login_secrets(Secret(), Secret(), Secret(), Secret());
  return out;
}

/// What it said before stays until it says something better.
Status Vault::note_identity_discovered(IdentityProviderId id, const dynamic::Outcome& outcome) {
  auto& state = *state_;
  if (!outcome.error.empty())
    return fail(Code::Unavailable,
                "The provider is kept as it is, but its issuer does not answer as it should: " +
                    outcome.error + ".",
                "issuer_not_asked");
  Settings said;
  for (const auto& [name, value] : outcome.facts) {
    const bool is_address = name.ends_with("_endpoint") || name == "jwks_uri";
    if (is_address && !catalog::parse_https_url(value))
      return fail(Code::Refused, "The issuer's " + name + " is no address by https.",
                  "issuer_not_asked");
    said.emplace_back(name, value);
  }
  for (const std::string_view name : {"authorization_endpoint", "token_endpoint", "jwks_uri"})
    if (outcome.fact(name).empty())
      return fail(Code::Refused, "The issuer names no " + std::string(name) + ".",
                  "issuer_not_asked");
  return state.commit([&]() -> Status {
    STRONGROOM_TRY(auto row, state.by_id<store::IdentityProvider>(id));
    if (!row) return unknown_provider();
    row->metadata = settings_text(said);
    row->changed = state.now();
    return state.store.update(*row);
  });
}

Status Vault::State::rewrap_identity_providers_in_transaction(const Hierarchy& next) {
  STRONGROOM_TRY(auto rows, store.list<store::IdentityProvider>());
  for (auto& row : rows) {
    if (row.secret.empty()) continue;
    STRONGROOM_TRY(const Secret secret, secret_of(row));
    row.secret = next.seal_own(place_of_secret(row.id), secret);
    STRONGROOM_CHECKED(store.update(row));
  }
  return {};
}

Status Vault::State::erase_identities_in_transaction(const store::Where& where) {
  STRONGROOM_TRY([[maybe_unused]] const int gone, store.erase<store::Identity>(where));
  return {};
}

}  // namespace strongroom::vault
