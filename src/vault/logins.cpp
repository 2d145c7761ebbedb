// Logins of members: from the first step to the key. SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <charconv>

#include "base/encoding.h"
#include "base/utf8.h"
#include "catalog/https_url.h"
#include "dynamic/login.h"
#include "vault/state.h"

namespace strongroom::vault {
namespace {

constexpr std::size_t kMostPending = 500;
constexpr std::size_t kMostOfOne = 20;
constexpr std::size_t kRandom = 32;
constexpr std::size_t kLongestError = 64;
constexpr std::chrono::seconds kSlowDown{5};
constexpr std::chrono::seconds kLongestInterval{60};

constexpr std::string_view kPending = "pending";
constexpr std::string_view kDone = "done";
constexpr std::string_view kFailed = "failed";

Error unknown_login() {
  return Error(Code::NotFound,
               "There is no such login under way here: it is over, was answered already, or was "
               "begun elsewhere. Begin again.",
               "login_unknown");
}

std::string random_text() {
  std::array<std::uint8_t, kRandom> octets{};
  crypto::random(octets);
  std::string text = to_base64url(octets);
  wipe(octets.data(), octets.size());
  return text;
}

std::string joined(const std::vector<std::string>& words, const std::string& separator) {
  std::string out;
  for (const auto& word : words) out += (out.empty() ? "" : separator) + word;
  return out;
}

/// Where the browser goes. PKCE by S256 alone (RFC 7636).
std::string authorize_url(const PendingLogin& login, std::string_view state) {
  const catalog::OAuth& oauth = login.oauth;
  Settings parameters{{"response_type", "code"},
                      {"client_id", login.client.client_id},
                      {"redirect_uri", login.wanted.redirect},
                      {"state", std::string(state)}};
  if (!oauth.scopes.empty())
    parameters.emplace_back(oauth.scope_parameter, joined(oauth.scopes, oauth.scope_separator));
  if (oauth.pkce) {
    const auto challenge =
        login.verifier.reveal([](ByteView octets) { return crypto::sha256(octets); });
    parameters.emplace_back("code_challenge", to_base64url(challenge));
    parameters.emplace_back("code_challenge_method", "S256");
  }
  parameters.insert(parameters.end(), oauth.parameters.begin(), oauth.parameters.end());
  return with_parameters(oauth.authorize, parameters);
}

/// RFC 9207. Of a server whose name is not known, the host that it was asked at must be in it.
bool is_from(const catalog::OAuth& oauth, const std::string& issuer) {
  if (issuer.empty()) return !oauth.requires_issuer;
  if (!oauth.issuer.empty()) return issuer == oauth.issuer;
  const auto said = catalog::parse_https_url(issuer);
  const auto asked = catalog::parse_https_url(oauth.authorize);
  return said && asked && said->authority == asked->authority;
}

std::chrono::seconds seconds_of(const std::string& text, std::chrono::seconds otherwise,
                                std::chrono::seconds most) {
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size() || number < 1) return otherwise;
  return std::min(std::chrono::seconds(std::min<std::int64_t>(number, most.count())), most);
}

bool is_visible(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return c > ' ' && c <= '~'; });
}

}  // namespace

std::string with_parameters(std::string url, const Settings& parameters) {
  char between = url.find('?') == std::string::npos ? '?' : '&';
  for (const auto& [name, value] : parameters) {
    url += between + percent_encode(name) + "=" + percent_encode(value);
    between = '&';
  }
  return url;
}

std::string said_error(std::string_view error) {
  return is_visible(error) && !error.empty() ? std::string(error.substr(0, kLongestError))
                                             : std::string("no code");
}

void Vault::State::forget_old_logins() {
  const WallTime now = clock.wall();
  // One whose tokens may be on their way is heard to its end: nobody else would end it there.
  std::erase_if(logins.pending, [&](const auto& each) {
    const PendingLogin& login = each.second;
    return now >= login.view.expires && !(login.is_taken && login.view.state == kPending);
  });
}

Result<PendingLogin*> Vault::State::pending_login(const std::string& id,
                                                  const crypto::Digest& bearer) {
  forget_old_logins();
  const auto found = logins.pending.find(id);
  // Whoever has not begun it learns nothing of it.
  if (found == logins.pending.end() || found->second.wanted.bearer != bearer)
    return std::unexpected(unknown_login());
  return &found->second;
}

/// Whose login it is, and that they may have it.
Status Vault::State::check_login(const Actor& actor, NewLogin& wanted,
                                 const store::OAuthClient& client) {
  if (wanted.again.empty()) {
    STRONGROOM_TRY(const auto tenant, this->tenant(actor, wanted.tenant));
    STRONGROOM_TRY(const auto owner, member(tenant, wanted.member));
    STRONGROOM_TRY(wanted.label, checked_name("label", wanted.label));
    STRONGROOM_CHECKED(settings_for_login(client, wanted.settings));
    STRONGROOM_CHECKED(need_to_keep(actor, owner.id));
    store::Key key;
    key.tenant = tenant.id;
    key.service = client.service;
    key.label = wanted.label;
    key.owner = owner.id;
    return need_free_label(key);
  }
  STRONGROOM_TRY(const auto id, KeyId::parse(wanted.again));
  STRONGROOM_TRY(const auto key, this->key(actor, id));
  STRONGROOM_CHECKED(need_to_keep(actor, key.owner));
  if (is_revoked(key)) return fail(Code::Revoked, "This key was revoked.", "key_revoked");
  const auto grant = logins.grants.find(id);
  if (grant == logins.grants.end() || !grant->second.needs_login)
    return fail(Code::Conflict, "This key needs no new login.", "login_not_needed");
  STRONGROOM_TRY(const auto row, by_id<store::OAuthGrant>(grant->second.id));
  if (row && row->client == client.name) return {};
  return fail(Code::Conflict, "This key is a login by another client.", "login_not_needed");
}

/// The client that it was begun by, as it stands now: tokens of one that was removed, or made
/// another one, would be kept beside a client that can neither renew nor end them.
Result<store::OAuthClient> Vault::State::client_of(const PendingLogin& login) {
  STRONGROOM_TRY(auto now, oauth_client(login.client.name));
  const auto& then = login.client;
  if (now.client_id == then.client_id && now.issuer == then.issuer && now.service == then.service)
    return now;
  return fail(Code::Conflict, "Logins to '" + then.name + "' were set up anew since: begin again.",
              "client_changed");
}

/// A login's tokens are good at its provider alone: where the catalogue says so, the settings too.
Status Vault::State::settings_for_login(const store::OAuthClient& client, Settings& settings) {
  STRONGROOM_TRY(const auto* service, this->service(client.service));
  std::string host;
  if (!client.issuer.empty()) {
    STRONGROOM_TRY(const auto url, catalog::parse_https_url(client.issuer));
    host = url.host;
  }
  for (const auto& [name, value] : service->oauth.only_for) {
    const std::string& wanted = host.empty() ? value : host;
    const auto found = std::ranges::find(settings, name, &Settings::value_type::first);
    if (found == settings.end())
      settings.emplace_back(name, wanted);
    else if (found->second != wanted)
      return fail(Code::Invalid, "A login there is good for " + wanted + " alone.");
  }
  return {};
}

Result<BegunLogin> Vault::begin_login(const Actor& actor, NewLogin wanted) {
  auto& state = *state_;
  state.forget_old_logins();
  STRONGROOM_CHECKED(actor.need(Right::KeepIntegrations));
  STRONGROOM_TRY(auto client, state.oauth_client(wanted.client));
  STRONGROOM_CHECKED(state.check_login(actor, wanted, client));
  STRONGROOM_TRY(auto oauth, state.oauth_of(client));
  if (!oauth.is_there() || (wanted.is_device && oauth.device.empty()))
    return fail(Code::Unsupported,
                wanted.is_device
                    ? "The provider lets nobody log in by a code: do it in a browser (--browser)."
                    : "The client's issuer has not been asked for its endpoints: set it again.",
                "login_unsupported");
  auto& pending = state.logins.pending;
  const auto of_this = std::ranges::count_if(
      pending, [&](const auto& each) { return each.second.wanted.bearer == wanted.bearer; });
  if (pending.size() >= kMostPending || of_this >= static_cast<std::ptrdiff_t>(kMostOfOne))
    return fail(Code::Conflict, "Too many logins are under way: wait until some are over.",
                "too_many_logins");
  PendingLogin login{actor, std::move(wanted), std::move(client), std::move(oauth)};
  login.view.id = random_text();
  login.view.state = kPending;
  login.view.expires = state.clock.wall() + kLoginTime;
  const std::string sent = random_text();
  login.state = crypto::sha256(bytes_of(sent));
  std::string verifier = random_text();
  login.verifier = Secret(bytes_of(verifier));
  wipe(verifier.data(), verifier.size());
  BegunLogin begun{login.view.id, {}, login.view.expires};
  if (!login.wanted.is_device) begun.url = authorize_url(login, sent);
  pending.emplace(begun.id, std::move(login));
  return begun;
}

Result<LoginView> Vault::show_login(const std::string& id, const crypto::Digest& bearer) {
  STRONGROOM_TRY(const auto* login, state_->pending_login(id, bearer));
  return login->view;
}

// ------------------------------------------------------------------------------------------------
// by a browser

/// One-use: whatever comes of it, no second answer to this state is looked at.
Result<LoginJob> Vault::take_login(LoginAnswer answer) {
  auto& state = *state_;
  state.forget_old_logins();
  const auto hash = crypto::sha256(bytes_of(answer.state));
  auto& pending = state.logins.pending;
  const auto found = std::ranges::find_if(pending, [&](const auto& each) {
    return !each.second.wanted.is_device && !each.second.is_taken &&
           equal_constant_time(each.second.state, hash);
  });
  if (found == pending.end() || found->second.wanted.bearer != answer.bearer)
    return std::unexpected(unknown_login());
  PendingLogin& login = found->second;
  login.is_taken = true;
  const auto over = [&](Code code, std::string why, std::string reason) {
    login.view.state = kFailed;
    login.view.why = why;
    return fail(code, std::move(why), std::move(reason));
  };
  if (!is_from(login.oauth, answer.issuer))
    return over(Code::Refused,
                "The answer comes from another server than the one that was asked: nothing was "
                "taken.",
                "login_mixed_up");
  if (!answer.error.empty() || answer.code.is_empty())
    return over(Code::Conflict, "The provider says: " + said_error(answer.error) + ".",
                "login_refused");
  const auto client = state.client_of(login);
  if (!client) return over(client.error().code, client.error().message, client.error().reason);
  STRONGROOM_TRY(auto job, state.login_job(*client, login.oauth, dynamic::Action::Exchange,
                                           login.oauth.token));
  STRONGROOM_TRY(const Secret secret, state.secret_of(*client));
  job.settings.emplace_back("redirect_uri", login.wanted.redirect);
  const Secret none;
  job.credential =
      State::login_secrets(secret, answer.code, login.oauth.pkce ? login.verifier : none, none);
  return LoginJob{login.view.id, std::move(job)};
}

Result<LoginView> Vault::finish_login(const std::string& id, const dynamic::Outcome& outcome) {
  auto& state = *state_;
  const auto found = state.logins.pending.find(id);
  if (found == state.logins.pending.end()) return std::unexpected(unknown_login());
  PendingLogin& login = found->second;
  const auto over = [&](const Error& error) {
    login.view.state = kFailed;
    login.view.why = error.message;
    return std::unexpected(error);
  };
  if (!outcome.error.empty())
    return over(Error(outcome.code == Code::Refused ? Code::Conflict : Code::Unavailable,
                      "The login came to nothing: " + outcome.error + ".", "login_refused"));
  const auto key = state.keep_login(login, outcome);
  if (!key) {
    state.end_unkept(login, outcome);
    return over(key.error());
  }
  login.view.state = kDone;
  login.view.key = *key;
  return login.view;
}

// ------------------------------------------------------------------------------------------------
// by a code that is shown elsewhere

Result<dynamic::Job> Vault::device_job_of(const std::string& id) {
  auto& state = *state_;
  const auto found = state.logins.pending.find(id);
  if (found == state.logins.pending.end()) return std::unexpected(unknown_login());
  const PendingLogin& login = found->second;
  const bool begins = login.device_code.is_empty();
  STRONGROOM_TRY(const auto client, state.client_of(login));
  STRONGROOM_TRY(auto job, state.login_job(client, login.oauth,
                                           begins ? dynamic::Action::Device : dynamic::Action::Poll,
                                           begins ? login.oauth.device : login.oauth.token));
  STRONGROOM_TRY(const Secret secret, state.secret_of(client));
  job.credential = State::login_secrets(secret, login.device_code, Secret(), Secret());
  if (begins) {
    job.settings.emplace_back("scope", joined(login.oauth.scopes, login.oauth.scope_separator));
    job.settings.emplace_back("scope_parameter", login.oauth.scope_parameter);
  }
  return job;
}

Result<LoginView> Vault::note_device(const std::string& id, const dynamic::Outcome& outcome) {
  auto& state = *state_;
  const auto found = state.logins.pending.find(id);
  if (found == state.logins.pending.end()) return std::unexpected(unknown_login());
  PendingLogin& login = found->second;
  if (!outcome.error.empty()) {
    state.logins.pending.erase(found);
    return fail(outcome.code, "No login was begun: " + outcome.error + ".", "login_refused");
  }
  STRONGROOM_TRY(auto codes, dynamic::unpack(outcome.value, dynamic::kTokens));
  login.device_code = std::move(codes.front());
  login.interval = seconds_of(outcome.fact("interval"), login.interval, kLongestInterval);
  const auto lives = seconds_of(outcome.fact(dynamic::kExpiresIn), std::chrono::seconds(kLoginTime),
                                std::chrono::seconds(kLoginTime));
  login.view.expires = state.clock.wall() + lives;
  login.next_poll = state.clock.wall() + login.interval;
  login.view.device = DeviceLogin{outcome.fact("user_code"), outcome.fact("verification_uri"),
                                  outcome.fact("verification_uri_complete")};
  return login.view;
}

Result<bool> Vault::begins_poll(const std::string& id, const crypto::Digest& bearer) {
  STRONGROOM_TRY(auto* login, state_->pending_login(id, bearer));
  const WallTime now = state_->clock.wall();
  if (login->view.state != kPending || !login->view.device || login->is_taken ||
      now < login->next_poll)
    return false;
  login->is_taken = true;
  return true;
}

Result<LoginView> Vault::note_poll(const std::string& id, const dynamic::Outcome& outcome) {
  auto& state = *state_;
  const auto found = state.logins.pending.find(id);
  if (found == state.logins.pending.end()) return std::unexpected(unknown_login());
  PendingLogin& login = found->second;
  const std::string& error = outcome.fact(dynamic::kErrorFact);
  if (error == "slow_down") login.interval = std::min(login.interval + kSlowDown, kLongestInterval);
  const bool goes_on = !outcome.error.empty() && outcome.code != Code::Refused &&
                       (error.empty() || error == "authorization_pending" || error == "slow_down");
  if (!goes_on) return finish_login(id, outcome);
  login.is_taken = false;
  login.next_poll = state.clock.wall() + login.interval;
  return login.view;
}

}  // namespace strongroom::vault
