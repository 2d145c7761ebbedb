// Who comes in through an identity provider: from the first step to the sign-in.
// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "base/encoding.h"
#include "base/log.h"
#include "catalog/https_url.h"
#include "dynamic/login.h"
#include "vault/identity_claims.h"
#include "vault/provider_actor.h"
#include "vault/state.h"

namespace strongroom::vault {
namespace {

constexpr std::size_t kMostProven = 1000;
constexpr unsigned kMostWrongCodes = 5;

std::unexpected<Error> unknown_provider() {
  return fail(Code::NotFound, "There is no identity provider of that name for that tenant here.",
              "provider_unknown");
}

std::unexpected<Error> unknown_attempt() {
  return fail(Code::Unauthorized,
              "This was not begun in this browser, was answered already, or is over: begin again.",
              "attempt_unknown");
}

crypto::Digest bound(const crypto::Digest& browser, IdentityProviderId provider) {
  return crypto::sha256(browser, provider.view());
}

std::string state_of(ByteView challenge, IdentityProviderId provider) {
  ByteVector octets(challenge.begin(), challenge.end());
  octets.insert(octets.end(), provider.view().begin(), provider.view().end());
  return to_base64url(octets);
}

struct State {
  ByteVector challenge;
  IdentityProviderId provider;
};
std::optional<State> read_state(std::string_view text) {
  constexpr std::size_t kLongest = 256;
  auto octets = text.size() <= kLongest ? from_base64url(text) : std::nullopt;
  IdBytes provider{};
  if (!octets || octets->size() < provider.size()) return std::nullopt;
  std::copy(octets->end() - provider.size(), octets->end(), provider.begin());
  octets->resize(octets->size() - provider.size());
  return State{std::move(*octets), IdentityProviderId(provider)};
}

}  // namespace

// ------------------------------------------------------------------------------------------------
// the first step

Result<std::string> Vault::State::begin_identity(const store::IdentityProvider& row,
                                                 Ceremony ceremony, MemberId member,
                                                 const crypto::Digest& browser,
                                                 const std::string& redirect) {
  STRONGROOM_TRY(const auto said, settings_of(row.metadata));
  STRONGROOM_TRY(const auto scopes, texts_of(row.scopes));
  const std::string endpoint = word_of(said, "authorization_endpoint");
  if (endpoint.empty()) return unknown_provider();
  const ByteVector challenge = challenges.make(ceremony, member, bound(browser, row.id));
  const std::string verifier = to_base64url(challenges.derived(challenge, "verifier"));
  std::string wanted;
  for (const auto& each : scopes) wanted += (wanted.empty() ? "" : " ") + each;
  return with_parameters(endpoint,
                         {{"response_type", "code"},
                          {"client_id", row.client_id},
                          {"redirect_uri", redirect},
                          {"scope", wanted},
                          {"state", state_of(challenge, row.id)},
                          {"nonce", to_base64url(challenges.derived(challenge, "nonce"))},
                          {"code_challenge", to_base64url(crypto::sha256(bytes_of(verifier)))},
                          {"code_challenge_method", "S256"}});
}

Result<std::string> Vault::begin_provider_sign_in(std::string_view tenant_name,
                                                  std::string_view provider,
                                                  const crypto::Digest& browser,
                                                  const std::string& redirect) {
  auto& state = *state_;
  STRONGROOM_TRY(const auto tenant,
                 state.store.find<store::Tenant>({{"name", std::string(tenant_name)}}));
  const TenantId id = tenant && tenant->state == kActive ? tenant->id : TenantId();
  STRONGROOM_TRY(const auto row,
                 state.store.find<store::IdentityProvider>(
                     {{"tenant", store::to_value(id)}, {"name", std::string(provider)}}));
  if (!row) return unknown_provider();
  return state.begin_identity(*row, Ceremony::Provider, {}, browser, redirect);
}

Result<std::string> Vault::begin_identity(const Actor& actor, std::string_view provider,
                                          const crypto::Digest& browser,
                                          const std::string& redirect) {
  auto& state = *state_;
  STRONGROOM_TRY(const MemberId member, person_of(actor));
  STRONGROOM_CHECKED(state.need_recent_sign_in(actor));
  STRONGROOM_TRY(const auto row, state.store.find<store::IdentityProvider>(
                                     {{"tenant", store::to_value(actor.standing()->tenant)},
                                      {"name", std::string(provider)}}));
  if (!row) return unknown_provider();
  return state.begin_identity(*row, Ceremony::Link, member, browser, redirect);
}

// ------------------------------------------------------------------------------------------------
// what comes back

Result<IdentityJob> Vault::take_identity(IdentityAnswer answer, const std::string& redirect,
                                         const std::optional<Actor>& actor) {
  auto& state = *state_;
  const auto read = read_state(answer.state);
  const Ceremony ceremony = actor ? Ceremony::Link : Ceremony::Provider;
  if (!read) return unknown_attempt();
  const auto whose =
      state.challenges.check(read->challenge, ceremony, bound(answer.browser, read->provider));
  if (!whose) return unknown_attempt();
  IdentityJob out;
  out.attempt = {read->challenge, read->provider, {}, answer.browser, {}};
  if (actor) {
    STRONGROOM_TRY(const MemberId member, person_of(*actor));
    if (member != *whose) return unknown_attempt();
    out.attempt.member = member;
  }
  state.challenges.use(read->challenge);  // whatever comes of it
  STRONGROOM_TRY(const auto row, state.by_id<store::IdentityProvider>(read->provider));
  if (!row) return unknown_attempt();
  out.tenant = row->tenant;
  STRONGROOM_TRY(const auto said, settings_of(row->metadata));
  const bool is_other = !answer.issuer.empty() && answer.issuer != row->issuer;
  if (is_other || (answer.issuer.empty() && word_of(said, "iss") == "yes"))
    return fail(Code::Refused,
                "The answer comes from another server than the one that was asked: nothing was "
                "taken.",
                "login_mixed_up");
  if (!answer.error.empty() || answer.code.is_empty())
    return not_taken("it says " + said_error(answer.error));
  STRONGROOM_TRY(const auto token, catalog::parse_https_url(word_of(said, "token_endpoint")));
  STRONGROOM_TRY(const auto keys, catalog::parse_https_url(word_of(said, "jwks_uri")));
  STRONGROOM_TRY(const auto table, settings_of(row->roles));
  json::array groups;
  for (const auto& [group, role] : table) {
    groups.emplace_back(group);
    out.attempt.groups.push_back(group);
  }
  STRONGROOM_TRY(const Secret secret, state.secret_of(*row));
  out.job.source = dynamic::Source::Login;
  out.job.action = dynamic::Action::SignIn;
  out.job.authority = token.authority;
  out.job.reference = token.target;
  out.job.settings = {{"client_id", row->client_id},
                      {"client", word_of(said, "client")},
                      {"body", "form"},
                      {"redirect_uri", redirect},
                      {"keys_authority", keys.authority},
                      {"keys_target", keys.target},
                      {"groups_claim", row->groups_claim},
                      {"groups", to_text(groups)}};
  const Secret verifier(
      bytes_of(to_base64url(state.challenges.derived(read->challenge, "verifier"))));
  out.job.credential = State::login_secrets(secret, answer.code, verifier, Secret());
  return out;
}

/// Of a token that was forged somebody should know; of a code that was guessed nobody.
Status Vault::State::note_refused_identity(IdentityProviderId provider, const std::string& why) {
  STRONGROOM_TRY(const auto row, by_id<store::IdentityProvider>(provider));
  if (!row) return {};
  audit::Act facts;
  facts.tenant = row->tenant;
  facts.detail = "by " + row->name + ": " + why;
  facts.outcome = "refused";
  return act(Actor::installation("nobody"), "member.sign_in", std::move(facts));
}

Result<Proven> Vault::State::proven_by(const IdentityAttempt& attempt,
                                       const dynamic::Outcome& outcome) {
  if (!outcome.error.empty()) {
    if (!outcome.fact(dynamic::kForgedFact).empty())
      (void)note_refused_identity(attempt.provider, outcome.error);
    if (outcome.code == Code::Refused) return not_taken(outcome.error);
    return fail(Code::Unavailable, "The identity provider was not of use: " + outcome.error + ".",
                "provider_unavailable");
  }
  STRONGROOM_TRY(const auto row, by_id<store::IdentityProvider>(attempt.provider));
  if (!row) return unknown_attempt();
  const std::string nonce = to_base64url(challenges.derived(attempt.challenge, "nonce"));
  Status is_good = check_claims(outcome, *row, nonce, now() / 1'000'000);
  if (is_good) is_good = check_domain(*row, outcome);
  if (!is_good) {
    (void)note_refused_identity(attempt.provider, is_good.error().message);
    return std::unexpected(is_good.error());
  }
  Proven who;
  who.provider = attempt.provider;
  who.browser = attempt.browser;
  who.subject = outcome.fact("sub");
  who.session = outcome.fact("sid");
  who.groups = groups_at(attempt.groups, outcome.fact("groups"));
  who.names = names_in(outcome);
  who.until = clock.steady() + Challenges::kTime;
  return who;
}

// ------------------------------------------------------------------------------------------------
// signing in

/// Inside a transaction. One who is new is not there yet.
Result<store::Member> Vault::State::member_of(const store::IdentityProvider& row, const Proven& who,
                                              const std::string& role, bool& is_new) {
  STRONGROOM_TRY(auto identity, store.find<store::Identity>({{"provider", store::to_value(row.id)},
                                                             {"subject", who.subject}}));
  is_new = !identity;
  STRONGROOM_TRY(const bool is_provisioned, is_provisioning(row.id));
  if (is_new && is_provisioned)
    return fail(Code::Refused,
                "Your organisation has not assigned you to this tenant, or to no group that has a "
                "role here: ask whoever manages accounts there.",
                "not_provisioned");
  STRONGROOM_TRY(const auto table, settings_of(row.roles));
  const bool follows = !table.empty() || !row.other_role.empty();
  STRONGROOM_TRY(const bool has_groups,
                 identity ? is_provisioned_member(identity->member) : Result<bool>(false));
  if (role.empty() && !has_groups && (is_new || follows))
    return fail(Code::Refused, "None of your groups has a role in this tenant: ask an owner of it.",
                "role_missing");
  if (identity) {
    STRONGROOM_TRY(auto member, by_id<store::Member>(identity->member));
    if (!member || member->state != kActive)
      return fail(Code::Refused,
                  "You were removed from this tenant: an owner or admin lets you in again.",
                  "member_removed");
    identity->last_used = now();
    STRONGROOM_CHECKED(store.update(*identity));
    return std::move(*member);
  }
  store::Member member;
  member.id = crypto::random_id<MemberId>();
  member.tenant = row.tenant;
  member.role = role;
  STRONGROOM_TRY(member.name, free_member_name(row.tenant, who.names));
  return member;
}

Result<std::string> Vault::State::free_member_name(TenantId tenant,
                                                   const std::vector<std::string>& names) {
  for (const auto& name : names) {
    STRONGROOM_TRY(const auto same, store.find<store::Member>({{"tenant", store::to_value(tenant)},
                                                               {"name", name},
                                                               {"state", std::string(kActive)}}));
    if (!same) return name;
  }
  return "member-" + crypto::random_id<MemberId>().text().substr(4, 8);
}

/// Without one nobody could set anything right in a tenant.
Result<bool> Vault::State::is_last_owner(const store::Member& member) {
  const std::string owner(name_of(Role::Owner));
  if (member.role != owner) return false;
  STRONGROOM_TRY(const auto owners,
                 store.list<store::Member>({{"tenant", store::to_value(member.tenant)},
                                            {"role", owner},
                                            {"state", std::string(kActive)}}));
  for (const auto& each : owners) {
    if (each.id == member.id) continue;
    STRONGROOM_TRY(const bool has_no_access, is_withheld(each.id));
    if (!has_no_access) return false;
  }
  return true;
}

/// Up and down, but for the last owner.
Status Vault::State::follow_role_in_transaction(const store::IdentityProvider& row,
                                                const std::string& role, store::Member& member,
                                                bool& is_less) {
  if (role.empty() || role == member.role) return {};
  auto facts =
      about(row.tenant, member.id, role + " instead of " + member.role + " by " + row.name);
  const Actor actor = actor_of(row.id);
  STRONGROOM_TRY(const bool is_last, is_last_owner(member));
  if (is_last) {
    facts.detail = "stays owner: the last one; " + facts.detail;
    facts.outcome = "refused";
    return act(actor, "member.role", std::move(facts));
  }
  is_less = is_less || role_of(role) > role_of(member.role);
  member.role = role;
  STRONGROOM_CHECKED(store.update(member));
  return act(actor, "member.role", std::move(facts));
}

Result<IssuedSignIn> Vault::State::admit(const Proven& who, const Secret& code,
                                         std::string_view from) {
  IssuedSignIn issued;
  bool is_less = false;
  const Status done = commit([&]() -> Status {
    STRONGROOM_TRY(const auto row, by_id<store::IdentityProvider>(who.provider));
    if (!row) return unknown_attempt();
    bool is_new = false;
    STRONGROOM_TRY(const std::string role, role_in(*row, who.groups));
    STRONGROOM_TRY(auto member, member_of(*row, who, role, is_new));
    if (is_new) {
      const Actor actor = actor_of(row->id);
      STRONGROOM_CHECKED(add_member_in_transaction(actor, member));
      STRONGROOM_CHECKED(
          store.insert(store::Identity{crypto::random_id<IdentityId>(), row->id, who.subject,
                                       row->tenant, member.id, now(), now()}));
    } else {
      // What one's account asks for beside a password it asks for here, too.
      STRONGROOM_CHECKED(pass_second_factor(member.id, code));
      STRONGROOM_TRY(const bool has_groups, is_provisioned_member(member.id));
      if (!has_groups) STRONGROOM_CHECKED(follow_role_in_transaction(*row, role, member, is_less));
    }
    STRONGROOM_TRY(issued, make_sign_in(row->tenant, member.id, from));
    STRONGROOM_CHECKED(
        store.insert(store::ProviderSignIn{issued.view.id, row->id, who.subject, who.session}));
    return act(Actor::installation("member " + member.id.text()), "member.sign_in",
               about(row->tenant, member.id, issued.view.id.text() + " by " + row->id.text()));
  });
  if (!done && done.error().reason == "role_missing") end_without_role(who);
  if (!done) return std::unexpected(done.error());
  if (is_less) STRONGROOM_CHECKED(anchoring.anchored());
  return issued;
}

/// Whom the provider gives no role any more is not to go on with what they came in with before.
void Vault::State::end_without_role(const Proven& who) {
  const Actor actor = actor_of(who.provider);
  const Status done = commit_revocation([&]() -> Status {
    STRONGROOM_TRY(const auto identity,
                   store.find<store::Identity>(
                       {{"provider", store::to_value(who.provider)}, {"subject", who.subject}}));
    if (!identity) return {};
    STRONGROOM_TRY(const auto open,
                   store.list<store::SignIn>({{"member", store::to_value(identity->member)}}));
    for (const auto& row : open) STRONGROOM_CHECKED(end_in_transaction(actor, row));
    return {};
  });
  const Status kept = done ? anchoring.anchored() : done;
  if (!kept)
    log(LogLevel::Warning, "sign_ins_not_ended",
        {{"provider", who.provider.text()}, {"why", kept.error().message}});
}

Result<IssuedSignIn> Vault::finish_provider_sign_in(const IdentityAttempt& attempt,
                                                    const dynamic::Outcome& outcome,
                                                    std::string_view from) {
  auto& state = *state_;
  STRONGROOM_TRY(auto who, state.proven_by(attempt, outcome));
  auto issued = state.admit(who, Secret(), from);
  if (issued) return issued;
  if (issued.error().reason == "code_needed") {
    const SteadyTime now = state.clock.steady();
    std::erase_if(state.proven, [&](const auto& each) { return now >= each.second.until; });
    if (state.proven.size() < kMostProven) state.proven.emplace(attempt.challenge, std::move(who));
  } else if (issued.error().code == Code::Refused) {
    (void)state.note_refused_identity(attempt.provider, issued.error().message);
  }
  return issued;
}

std::string Vault::who_owes_a_code(std::string_view text, const crypto::Digest& browser) const {
  const auto read = read_state(text);
  const auto found = read ? state_->proven.find(read->challenge) : state_->proven.end();
  if (found == state_->proven.end() || found->second.browser != browser) return {};
  return found->second.provider.text() + " " + found->second.subject;
}

Result<IssuedSignIn> Vault::finish_with_code(std::string_view text, const crypto::Digest& browser,
                                             const Secret& code, std::string_view from) {
  auto& state = *state_;
  const auto read = read_state(text);
  const auto found = read ? state.proven.find(read->challenge) : state.proven.end();
  if (found == state.proven.end() || found->second.browser != browser ||
      found->second.provider != read->provider || state.clock.steady() >= found->second.until)
    return unknown_attempt();
  auto issued = state.admit(found->second, code, from);
  if (issued || ++found->second.wrong >= kMostWrongCodes) state.proven.erase(found);
  return issued;
}

}  // namespace strongroom::vault
