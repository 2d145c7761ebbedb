// The end of sign-ins that came by an identity provider: where a browser goes that signs out here
// (RP-Initiated Logout 1.0), and whom a provider has signed out by itself (Back-Channel
// Logout 1.0).
//
// What a provider sends may come twice, and from anybody who has seen it. A token is good once, and
// it ends what had begun when it was made: one that is brought again later, after a restart of ours
// too, ends nothing that came since. SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>

#include "base/encoding.h"
#include "catalog/https_url.h"
#include "dynamic/login.h"
#include "vault/provider_actor.h"
#include "vault/state.h"

namespace strongroom::vault {
namespace {

constexpr std::size_t kLongestToken = 16UL << 10U;
constexpr std::size_t kMostSeen = 1000;  ///< of one provider
constexpr std::size_t kStateOctets = 16;

/// The same of a tenant, a provider or a token that there is not.
std::unexpected<Error> refused(const std::string& why) {
  return fail(Code::Invalid, "The logout token is not taken: " + why + ".", "logout_refused");
}

bool has_three_parts(const Secret& token) {
  return token.reveal([](ByteView octets) {
    return octets.size() <= kLongestToken && std::ranges::count(octets, '.') == 2;
  });
}

std::string random_state() {
  std::array<std::uint8_t, kStateOctets> octets{};
  crypto::random(octets);
  return to_base64url(octets);
}

}  // namespace

/// Without an identity token, which is not kept: by who we are there, and whose session it is.
Result<std::optional<ProviderLogout>> Vault::State::logout_of(const store::ProviderSignIn& row,
                                                              const std::string& back) {
  STRONGROOM_TRY(const auto provider, by_id<store::IdentityProvider>(row.provider));
  if (!provider) return std::nullopt;
  STRONGROOM_TRY(const auto said, settings_of(provider->metadata));
  const std::string endpoint = word_of(said, "end_session_endpoint");
  if (endpoint.empty()) return std::nullopt;
  ProviderLogout out;
  out.state = random_state();
  out.url =
      with_parameters(endpoint, {{"client_id", provider->client_id},
                                 {"logout_hint", row.session.empty() ? row.subject : row.session},
                                 {"post_logout_redirect_uri", back},
                                 {"state", out.state}});
  return out;
}

Result<LogoutJob> Vault::take_logout(std::string_view tenant_name, std::string_view provider,
                                     Secret token) {
  auto& state = *state_;
  if (!has_three_parts(token)) return refused("it is malformed");
  STRONGROOM_TRY(const auto tenant,
                 state.store.find<store::Tenant>({{"name", std::string(tenant_name)}}));
  const TenantId id = tenant && tenant->state == kActive ? tenant->id : TenantId();
  STRONGROOM_TRY(const auto row,
                 state.store.find<store::IdentityProvider>(
                     {{"tenant", store::to_value(id)}, {"name", std::string(provider)}}));
  if (!row) return refused("there is no such provider of such a tenant");
  STRONGROOM_TRY(const auto said, settings_of(row->metadata));
  const auto keys = catalog::parse_https_url(word_of(said, "jwks_uri"));
  if (!keys) return refused("there is no such provider of such a tenant");
  LogoutJob out;
  out.provider = row->id;
  out.tenant = row->tenant;
  out.job.source = dynamic::Source::Login;
  out.job.action = dynamic::Action::LogOut;
  out.job.authority = keys->authority;
  out.job.reference = keys->target;
  out.job.settings = {{"keys_authority", keys->authority}, {"keys_target", keys->target}};
  out.job.credential = State::login_secrets(Secret(), token, Secret(), Secret());
  return out;
}

/// Of the signature and the kind of token the issuer's own process made sure.
Status Vault::State::check_logout(const dynamic::Outcome& said,
                                  const store::IdentityProvider& row) const {
  const std::int64_t at = now() / 1'000'000;
  const auto made = number_of(said.fact("iat"));
  const auto ends = number_of(said.fact("exp"));
  const auto good_from = number_of(said.fact("nbf"));
  const std::int64_t skew = kProviderSkew.count();
  if (said.fact("iss") != row.issuer) return refused("it is another issuer's");
  if (!is_for_client(said.fact("aud"), row.client_id)) return refused("it is for somebody else");
  if (!ends || at >= *ends + skew) return refused("it is over");
  if (!made || *made > at + skew ||
      at - *made > std::chrono::seconds(kProviderFresh).count() + skew)
    return refused("it was not made just now: compare the clocks");
  if (good_from && *good_from > at + skew) return refused("it is not good yet");
  if (said.fact("jti").empty()) return refused("it has no id");
  if (said.fact("sub").empty() && said.fact("sid").empty())
    return refused("it does not say who is signed out");
  return {};
}

/// Each once, for as long as it would be good.
Status Vault::State::note_logout_token(const dynamic::Outcome& said,
                                       const store::IdentityProvider& row) {
  const std::int64_t at = now() / 1'000'000;
  std::erase_if(seen_logouts, [&](const auto& each) { return at >= each.second; });
  const auto of_it = std::ranges::count_if(
      seen_logouts, [&](const auto& each) { return each.first.first == row.id; });
  if (of_it >= static_cast<std::ptrdiff_t>(kMostSeen))
    return fail(Code::Unavailable, "Too many logout tokens at this moment: send it again later.",
                "provider_unavailable");
  const std::int64_t good_until = number_of(said.fact("iat")).value_or(at) +
                                  std::chrono::seconds(kProviderFresh).count() +
                                  2 * kProviderSkew.count();
  if (!seen_logouts.try_emplace({row.id, said.fact("jti")}, good_until).second)
    return refused("it was here before");
  return {};
}

/// Of one session there, or of all of somebody's; and those that wait for a code.
Result<std::size_t> Vault::State::end_at_word_of_provider(const store::IdentityProvider& row,
                                                          const dynamic::Outcome& said) {
  const std::string& subject = said.fact("sub");
  const std::string& session = said.fact("sid");
  std::erase_if(proven, [&](const auto& each) {
    const Proven& who = each.second;
    return who.provider == row.id && (subject.empty() || who.subject == subject) &&
           (session.empty() || who.session == session);
  });
  store::Where which{{"provider", store::to_value(row.id)}};
  if (!subject.empty()) which.emplace_back("subject", subject);
  if (!session.empty()) which.emplace_back("session", session);
  const std::int64_t made_until =
      (number_of(said.fact("iat")).value_or(0) + kProviderSkew.count()) * 1'000'000;
  const Actor actor = actor_of(row.id);
  std::size_t ended = 0;
  STRONGROOM_CHECKED(commit_revocation([&]() -> Status {
    STRONGROOM_TRY(const auto found, store.list<store::ProviderSignIn>(which));
    for (const auto& each : found) {
      STRONGROOM_TRY(const auto sign_in, by_id<store::SignIn>(each.id));
      if (!sign_in || sign_in->created > made_until) continue;
      STRONGROOM_CHECKED(end_in_transaction(actor, *sign_in));
      ++ended;
    }
    return {};
  }));
  STRONGROOM_CHECKED(anchoring.anchored());
  return ended;
}

Result<std::size_t> Vault::finish_logout(IdentityProviderId provider,
                                         const dynamic::Outcome& outcome) {
  auto& state = *state_;
  STRONGROOM_TRY(const auto row, state.by_id<store::IdentityProvider>(provider));
  if (!row) return refused("there is no such provider of such a tenant");
  if (!outcome.error.empty() && outcome.fact(dynamic::kForgedFact).empty())
    return fail(Code::Unavailable, "The identity provider was not of use: " + outcome.error + ".",
                "provider_unavailable");
  Status is_good =
      outcome.error.empty() ? state.check_logout(outcome, *row) : Status(refused(outcome.error));
  if (is_good) is_good = state.note_logout_token(outcome, *row);
  if (is_good) return state.end_at_word_of_provider(*row, outcome);
  audit::Act facts;
  facts.tenant = row->tenant;
  facts.detail = "by " + row->name + ": " + is_good.error().message;
  facts.outcome = "refused";
  (void)state.act(Actor::installation("nobody"), "member.sign_out", std::move(facts));
  return std::unexpected(is_good.error());
}

}  // namespace strongroom::vault
