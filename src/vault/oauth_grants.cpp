// What logins gave: kept beside their keys, renewed by one exchange at a time, ended at the
// provider once the key is revoked. A refresh is begun by a durable row that says under which key
// its outcome lies in a file; whoever comes after a crash finds the row, and the file.
// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

#include "base/encoding.h"
#include "base/log.h"
#include "catalog/https_url.h"
#include "crypto/record.h"
#include "dynamic/login.h"
#include "vault/state.h"
#include "vault/values.h"

namespace strongroom::vault {
namespace {

constexpr std::string_view kLive = "live";
constexpr std::string_view kGrantNeedsLogin = "needs_login";
constexpr std::string_view kOwed = "owed";
constexpr std::string_view kLeft = "left";
constexpr std::string_view kDestroyed = "destroyed";
constexpr std::size_t kHandoverKey = 32;
constexpr std::chrono::seconds kLongestMargin{300};
constexpr std::int64_t kLongestLife = 400L * 24 * 3600;
constexpr std::string_view kNoCall =
    "the provider has no call that ends a login: do it in its own console";
constexpr std::string_view kClientPlace = "{client_id}";

/// When the access token is over by itself; 0: not said, and then it is used until it is refused.
std::int64_t over_at(const dynamic::Outcome& outcome, std::int64_t now) {
  const std::string& text = outcome.fact(dynamic::kExpiresIn);
  std::int64_t seconds = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), seconds);
  if (text.empty() || error != std::errc() || end != text.data() + text.size() || seconds <= 0)
    return 0;
  return now +
         std::chrono::microseconds(std::chrono::seconds(std::min(seconds, kLongestLife))).count();
}

Secret packed(const Secret& access, const Secret& refresh) {
  const std::array<const Secret*, dynamic::kTokens> both{&access, &refresh};
  return dynamic::pack(both);
}

audit::Act facts_of(const store::Key& key, const store::OAuthGrant& grant) {
  audit::Act act;
  act.tenant = key.tenant;
  act.member = key.owner.value_or(MemberId());
  act.key = key.id;
  act.service = key.service;
  act.detail = "label " + key.label + ", client " + grant.client;
  return act;
}

}  // namespace

std::string place_of_tokens(DynamicId id) {
  return "oauth tokens " + id.text();
}
std::string place_of_handover(DynamicId id) {
  return "oauth handover " + id.text();
}
bool is_kept(const store::OAuthGrant& grant) {
  return grant.state != kDestroyed && grant.state != kLeft;
}

Secret Vault::State::login_secrets(const Secret& client, const Secret& grant,
                                   const Secret& verifier, const Secret& handover) {
  const std::array<const Secret*, dynamic::kLoginSecrets> all{&client, &grant, &verifier,
                                                              &handover};
  return dynamic::pack(all);
}

/// All but what is secret.
Result<dynamic::Job> Vault::State::login_job(const store::OAuthClient& client,
                                             const catalog::OAuth& oauth, dynamic::Action action,
                                             std::string endpoint) {
  if (const auto at = endpoint.find(kClientPlace); at != std::string::npos)
    endpoint.replace(at, kClientPlace.size(), percent_encode(client.client_id));
  // {token} stands for itself until the token is at hand.
  std::string checked = endpoint;
  std::erase_if(checked, [](char c) { return c == '{' || c == '}'; });
  STRONGROOM_TRY(const auto url, catalog::parse_https_url(checked));
  dynamic::Job job;
  job.source = dynamic::Source::Login;
  job.action = action;
  job.authority = url.authority;
  job.reference = endpoint.substr(
      std::min(endpoint.find('/', std::string_view("https://").size()), endpoint.size()));
  if (job.reference.empty()) job.reference = "/";
  job.settings = {
      {"client_id", client.client_id},
      {"client", oauth.client == catalog::ClientAuthentication::Basic ? "basic" : "body"},
      {"body", oauth.body == catalog::BodyForm::Json ? "json" : "form"},
      {"token_member", oauth.token_member},
      {"style", std::string(catalog::name_of(oauth.revoke_style))}};
  return job;
}

// ------------------------------------------------------------------------------------------------
// what is known of them

Status Vault::State::load_grants() {
  logins.grants.clear();
  STRONGROOM_TRY(const auto rows, store.list<store::OAuthGrant>());
  for (const auto& row : rows)
    if (row.state == kLive || row.state == kGrantNeedsLogin) STRONGROOM_CHECKED(note_grant(row));
  return {};
}

Status Vault::State::note_grant(const store::OAuthGrant& row) {
  STRONGROOM_TRY(const Secret tokens, hierarchy.open_own(place_of_tokens(row.id), row.tokens));
  STRONGROOM_TRY(const auto both, dynamic::unpack(tokens, dynamic::kTokens));
  logins.grants[row.key] = {row.id, row.state == kGrantNeedsLogin, !both[1].is_empty(), row.expires,
                            row.changed};
  return {};
}

/// Before a key is used.
Status Vault::State::check_login(KeyId key) const {
  const auto found = logins.grants.find(key);
  if (found == logins.grants.end()) return {};
  if (found->second.needs_login)
    return fail(Code::Refused, "This key's login is over: its member logs in again.",
                "needs_login");
  if (found->second.expires != 0 && now() >= found->second.expires)
    return fail(Code::Unavailable, "This key's token is over, and no new one has come yet.",
                "not_refreshed");
  return {};
}

// ------------------------------------------------------------------------------------------------
// a login's end is a key's beginning

/// The key of a login, new or the one that needed it.
Result<KeyId> Vault::State::keep_login(PendingLogin& login, const dynamic::Outcome& outcome) {
  STRONGROOM_TRY(const auto tokens, dynamic::unpack(outcome.value, dynamic::kTokens));
  store::OAuthGrant grant;
  grant.client = login.client.name;
  grant.state = kLive;
  grant.created = grant.changed = now();
  grant.expires = over_at(outcome, grant.created);
  if (!login.wanted.again.empty()) return renew_login(login, tokens, std::move(grant));
  grant.id = crypto::random_id<DynamicId>();
  grant.tokens = hierarchy.seal_own(place_of_tokens(grant.id), packed(tokens[0], tokens[1]));
  NewKey wanted;
  wanted.tenant = login.wanted.tenant;
  wanted.service = login.client.service;
  wanted.label = login.wanted.label;
  wanted.member = login.wanted.member;
  wanted.settings = login.wanted.settings;
  const auto beside = [&](const store::Key& key) -> Status {
    STRONGROOM_CHECKED(client_of(login));
    grant.key = key.id;
    return store.insert(grant);
  };
  STRONGROOM_TRY(const auto view, add_key(login.actor, wanted, tokens[0].duplicate(), beside));
  STRONGROOM_CHECKED(note_grant(grant));
  return view.id;
}

Result<KeyId> Vault::State::renew_login(const PendingLogin& login,
                                        const std::vector<Secret>& tokens,
                                        store::OAuthGrant fresh) {
  STRONGROOM_TRY(const auto id, KeyId::parse(login.wanted.again));
  STRONGROOM_CHECKED(commit([&]() -> Status {
    STRONGROOM_TRY(auto key, this->key(login.actor, id));
    STRONGROOM_CHECKED(need_to_keep(login.actor, key.owner));
    if (is_revoked(key)) return fail(Code::Revoked, "This key was revoked.", "key_revoked");
    STRONGROOM_TRY(auto row, grant_of(id));
    if (row.state != kGrantNeedsLogin)
      return fail(Code::Conflict, "This key needs no new login.", "login_not_needed");
    row.state = kLive;
    row.handover.clear();
    row.tokens = hierarchy.seal_own(place_of_tokens(row.id), packed(tokens[0], tokens[1]));
    row.expires = fresh.expires;
    row.changed = fresh.changed;
    STRONGROOM_CHECKED(store.update(row));
    STRONGROOM_CHECKED(put_version_in_transaction(key, tokens[0]));
    fresh = row;
    return act(login.actor, "key.login", facts_of(key, row));
  }));
  STRONGROOM_CHECKED(note_grant(fresh));
  if (fences != nullptr) fences->refresh(id);
  tell_key(id);
  return id;
}

Result<store::OAuthGrant> Vault::State::grant_of(KeyId key) {
  STRONGROOM_TRY(auto rows, store.list<store::OAuthGrant>({{"key", store::to_value(key)}}));
  const auto found = std::ranges::find_if(rows, is_kept);
  if (found == rows.end()) return fail(Code::NotFound, "This key is no login.");
  return std::move(*found);
}

/// The version before, whose record is of no use any more, goes with it.
Status Vault::State::put_version_in_transaction(store::Key& key, const Secret& value) {
  STRONGROOM_TRY(const auto* service, this->service(key.service));
  Secret copy = value.duplicate();
  STRONGROOM_CHECKED(check_value(*service, copy));
  STRONGROOM_TRY(
      [[maybe_unused]] const int gone,
      store.erase<store::KeyVersion>({{"key", store::to_value(key.id)}, {"version", key.version}}));
  key.version += 1;
  key.state = kActive;
  key.changed = now();
  key.last_characters = last_characters_of(*service, copy);
  store::KeyVersion version;
  version.key = key.id;
  version.version = key.version;
  version.created = key.changed;
  STRONGROOM_CHECKED(hierarchy.seal(key, version, copy));
  STRONGROOM_CHECKED(store.insert(version));
  return store.update(key);
}

// ------------------------------------------------------------------------------------------------
// refresh

/// In good time: at half of a short life, five minutes before the end of a long one.
std::vector<DynamicId> Vault::refreshes_due() const {
  const auto& state = *state_;
  std::vector<DynamicId> out;
  for (const auto& [key, grant] : state.logins.grants) {
    if (!grant.can_refresh || grant.needs_login || grant.expires == 0) continue;
    const auto margin = std::min((grant.expires - grant.since) / 2,
                                 std::chrono::microseconds(kLongestMargin).count());
    if (state.now() >= grant.expires - margin && !state.logins.refreshing.contains(grant.id))
      out.push_back(grant.id);
  }
  return out;
}

Result<std::vector<DynamicId>> Vault::handovers_left() {
  STRONGROOM_TRY(const auto rows, state_->store.list<store::OAuthGrant>());
  std::vector<DynamicId> out;
  for (const auto& row : rows)
    if (!row.handover.empty() && !state_->logins.refreshing.contains(row.id)) out.push_back(row.id);
  return out;
}

Result<dynamic::Job> Vault::begin_refresh(DynamicId id) {
  auto& state = *state_;
  STRONGROOM_TRY(auto row, state.by_id<store::OAuthGrant>(id));
  if (!row || row->state != kLive || !row->handover.empty())
    return fail(Code::Conflict, "There is nothing to refresh, or it is under way.");
  STRONGROOM_TRY(const auto client, state.oauth_client(row->client));
  STRONGROOM_TRY(const auto oauth, state.oauth_of(client));
  STRONGROOM_TRY(auto job, state.login_job(client, oauth, dynamic::Action::Refresh, oauth.token));
  STRONGROOM_TRY(const Secret secret, state.secret_of(client));
  STRONGROOM_TRY(const Secret tokens, state.hierarchy.open_own(place_of_tokens(id), row->tokens));
  STRONGROOM_TRY(const auto both, dynamic::unpack(tokens, dynamic::kTokens));
  const Secret handover = crypto::random_secret(kHandoverKey);
  row->handover = state.hierarchy.seal_own(place_of_handover(id), handover);
  // Durable before the provider hears of it.
  STRONGROOM_CHECKED(state.commit([&] { return state.store.update(*row); }));
  job.credential = State::login_secrets(secret, both[1], Secret(), handover);
  state.logins.refreshing.insert(id);
  if (state.fences != nullptr) state.fences->announce_refresh(row->key);
  return job;
}

Result<dynamic::Outcome> Vault::outcome_of_handover(DynamicId id, ByteView record) {
  STRONGROOM_TRY(const auto row, state_->by_id<store::OAuthGrant>(id));
  if (!row || row->handover.empty()) return fail(Code::NotFound, "no refresh was under way");
  STRONGROOM_TRY(const Secret key,
                 state_->hierarchy.open_own(place_of_handover(id), row->handover));
  STRONGROOM_TRY(const Secret plain,
                 crypto::open_record(key, bytes_of(dynamic::kHandoverContext), record));
  return plain.reveal([](ByteView octets) { return dynamic::decode_outcome(octets); });
}

Status Vault::note_refreshed(DynamicId id, const dynamic::Outcome& outcome) {
  auto& state = *state_;
  state.logins.refreshing.erase(id);
  std::optional<store::OAuthGrant> noted;
  STRONGROOM_CHECKED(state.commit_revocation([&]() -> Status {
    STRONGROOM_TRY(auto row, state.by_id<store::OAuthGrant>(id));
    // A login since then has put another in its place.
    if (!row || row->handover.empty()) return {};
    row->handover.clear();
    STRONGROOM_CHECKED(state.settle_refresh_in_transaction(*row, outcome));
    STRONGROOM_CHECKED(state.store.update(*row));
    noted = std::move(*row);
    return {};
  }));
  if (!noted || !is_kept(*noted) || noted->state == kOwed) return {};
  // Another try: what is known of it stays, as a token that its provider has refused since is due
  // whatever its row says.
  if (!outcome.error.empty() && noted->state != kGrantNeedsLogin)
    return fail(outcome.code, outcome.error);
  STRONGROOM_CHECKED(state.note_grant(*noted));
  if (state.fences != nullptr) state.fences->refresh(noted->key);
  state.tell_key(noted->key);
  (void)state.store.forget_overwritten();
  if (outcome.error.empty()) return {};
  return fail(outcome.code, outcome.error);
}

/// The tokens that came, the provider's last word, or nothing but another try.
Status Vault::State::settle_refresh_in_transaction(store::OAuthGrant& row,
                                                   const dynamic::Outcome& outcome) {
  STRONGROOM_TRY(auto key, this->key(row.key));
  if (!outcome.error.empty()) {
    if (outcome.code != Code::Refused || row.state != kLive) return {};
    row.state = kGrantNeedsLogin;
    row.changed = now();
    auto facts = facts_of(key, row);
    facts.detail += ", " + outcome.error;
    return act(Actor::installation("provider"), "key.needs_login", std::move(facts));
  }
  STRONGROOM_TRY(const Secret before, hierarchy.open_own(place_of_tokens(row.id), row.tokens));
  STRONGROOM_TRY(const auto old, dynamic::unpack(before, dynamic::kTokens));
  STRONGROOM_TRY(const auto fresh, dynamic::unpack(outcome.value, dynamic::kTokens));
  // Whoever does not say a new one means the old one (RFC 6749 6).
  const Secret& refresh = fresh[1].is_empty() ? old[1] : fresh[1];
  row.tokens = hierarchy.seal_own(place_of_tokens(row.id), packed(fresh[0], refresh));
  row.changed = now();
  row.expires = over_at(outcome, row.changed);
  // Revoked meanwhile: what came is what is to be ended there.
  if (row.state != kLive) return {};
  STRONGROOM_CHECKED(put_version_in_transaction(key, fresh[0]));
  auto facts = facts_of(key, row);
  facts.detail += ", version " + std::to_string(key.version);
  return act(Actor::installation("vault"), "key.refresh", std::move(facts));
}

/// The provider has refused its token: a new one is asked for, once for each.
void Vault::State::hasten_refresh(KeyId key) {
  const auto found = logins.grants.find(key);
  if (found == logins.grants.end() || !found->second.can_refresh) return;
  found->second.expires = now();
}

// ------------------------------------------------------------------------------------------------
// the end at the provider

/// Of tokens that no key came of. There is no row of it: what cannot be stored is kept in memory
/// until it is done.
void Vault::State::end_unkept(const PendingLogin& login, const dynamic::Outcome& outcome) {
  if (login.oauth.revoke_style == catalog::RevokeStyle::None) return;
  const auto tokens = dynamic::unpack(outcome.value, dynamic::kTokens);
  // Of one that was removed since, as it was.
  const auto secret = secret_of(client_of(login).value_or(login.client));
  auto job = login_job(login.client, login.oauth, dynamic::Action::Destroy, login.oauth.revoke);
  if (!tokens || !secret || !job) {
    log(LogLevel::Warning, "unkept_login_not_ended", {{"client", login.client.name}});
    return;
  }
  job->credential = login_secrets(*secret, (*tokens)[1], (*tokens)[0], Secret());
  logins.unkept.push_back(std::move(*job));
}

/// With its key.
Status Vault::State::owe_in_transaction(KeyId key) {
  STRONGROOM_TRY(auto rows, store.list<store::OAuthGrant>({{"key", store::to_value(key)}}));
  for (auto& row : rows) {
    if (!is_kept(row) || row.state == kOwed) continue;
    STRONGROOM_TRY(const auto client, oauth_client(row.client));
    STRONGROOM_TRY(const auto oauth, oauth_of(client));
    const bool has_call = oauth.revoke_style != catalog::RevokeStyle::None;
    row.state = has_call ? kOwed : kLeft;
    row.changed = now();
    if (!has_call) {
      row.tokens.clear();
      row.handover.clear();
    }
    STRONGROOM_CHECKED(store.update(row));
  }
  logins.grants.erase(key);
  return {};
}

Result<std::vector<store::OAuthGrant>> Vault::State::owed_grants() {
  return store.list<store::OAuthGrant>({{"state", std::string(kOwed)}});
}

/// Not while a refresh may still bring another token.
bool Vault::State::is_due(const store::OAuthGrant& row) const {
  return row.state == kOwed && row.handover.empty() && !logins.refreshing.contains(row.id);
}

Result<std::optional<dynamic::Job>> Vault::State::ending_of(DynamicId id) {
  STRONGROOM_TRY(const auto row, by_id<store::OAuthGrant>(id));
  if (!row) return std::nullopt;
  if (!is_due(*row)) return fail(Code::Conflict, "A refresh of this login is not over yet.");
  STRONGROOM_TRY(const auto client, oauth_client(row->client));
  STRONGROOM_TRY(const auto oauth, oauth_of(client));
  STRONGROOM_TRY(auto job, login_job(client, oauth, dynamic::Action::Destroy, oauth.revoke));
  STRONGROOM_TRY(const Secret secret, secret_of(client));
  STRONGROOM_TRY(const Secret tokens, hierarchy.open_own(place_of_tokens(id), row->tokens));
  STRONGROOM_TRY(const auto both, dynamic::unpack(tokens, dynamic::kTokens));
  job.credential = login_secrets(secret, both[1], both[0], Secret());
  return job;
}

/// False: it is no grant's id.
Result<bool> Vault::State::settle_ending(DynamicId id) {
  STRONGROOM_TRY(const auto found, by_id<store::OAuthGrant>(id));
  if (!found) return false;
  STRONGROOM_CHECKED(commit_revocation([&]() -> Status {
    STRONGROOM_TRY(auto row, by_id<store::OAuthGrant>(id));
    if (!row || row->state != kOwed) return {};
    row->state = kDestroyed;
    row->tokens.clear();
    row->changed = now();
    STRONGROOM_CHECKED(store.update(*row));
    STRONGROOM_TRY(const auto owner, key(row->key));
    return act(Actor::installation("vault"), "key.logout", facts_of(owner, *row));
  }));
  return true;
}

/// How the login of a key that was revoked is called in receipts.
Result<json::object> Vault::State::ending_part(const store::OAuthGrant& row) {
  STRONGROOM_TRY(const auto owner, key(row.key));
  const auto* service = catalog.find(owner.service);
  json::object out{{"id", row.id.text()},
                   {"key", row.key.text()},
                   {"name", "login by " + row.client},
                   {"state", row.state == kDestroyed ? kDestroyed : "still_exposed"}};
  const auto failure = failures.find(row.id);
  if (row.state == kDestroyed)
    out["at"] = to_rfc3339(from_micros(row.changed));
  else if (row.state == kLeft)
    out["why"] = std::string(kNoCall) + (service == nullptr ? "" : ", " + service->console_url);
  else
    out["why"] = failure == failures.end() ? "the provider has not answered yet" : failure->second;
  return out;
}

std::vector<dynamic::Job> Vault::take_unkept_logins() {
  return std::exchange(state_->logins.unkept, {});
}

}  // namespace strongroom::vault
