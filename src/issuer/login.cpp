// Logins: one call of a service's authorization server. What it answers is read here alone.
// SPDX-License-Identifier: Apache-2.0
#include "dynamic/login.h"

#include <unistd.h>
#include <algorithm>
#include <array>

#include "base/encoding.h"
#include "crypto/record.h"
#include "issuer/https_api.h"
#include "issuer/id_token.h"
#include "issuer/token_answer.h"
#include "issuer/work.h"

namespace strongroom::issuer {
namespace {

using dynamic::Action;
using dynamic::Job;
using dynamic::Outcome;

constexpr std::string_view kDeviceGrant = "urn:ietf:params:oauth:grant-type:device_code";
constexpr std::string_view kSpecialFile = "/.well-known/oauth-authorization-server";
constexpr std::string_view kOpenIdFile = "/.well-known/openid-configuration";
constexpr std::size_t kLongestUserCode = 64;
constexpr std::size_t kLongestKeys = 256UL << 10U;

using Parameters = std::vector<std::pair<std::string, std::string>>;

std::string text_in(const Secret& secret) {
  return secret.reveal([](ByteView octets) { return std::string(text_of(octets)); });
}

std::string form_of(const Parameters& parameters) {
  std::string out;
  for (const auto& [name, value] : parameters)
    out += (out.empty() ? "" : "&") + percent_encode(name) + "=" + percent_encode(value);
  return out;
}

std::string json_of(const Parameters& parameters) {
  json::object out;
  for (const auto& [name, value] : parameters) out[name] = value;
  return to_text(out);
}

bool is_good(int status) {
  return status >= 200 && status < 300;
}

class Login {
 public:
  Login(io::Loop& loop, Api& api, const Job& job, std::vector<Secret> secrets)
      : loop_(loop), api_(api), job_(job), secrets_(std::move(secrets)) {}
  io::Task<void> work();
  [[nodiscard]] Outcome take_outcome() { return std::move(outcome_); }

 private:
  [[nodiscard]] std::string secret(dynamic::LoginSecret which) const {
    return text_in(secrets_[which]);
  }
  [[nodiscard]] std::string basic() const {
    return "Basic " +
           to_base64(bytes_of(std::string_view(percent_encode(job_.setting("client_id")) + ":" +
                                               percent_encode(secret(dynamic::kClientSecret)))));
  }
  [[nodiscard]] http::ClientRequest request(Parameters parameters, std::string& body) const;
  [[nodiscard]] Parameters parameters() const;
  [[nodiscard]] http::ClientRequest revocation(std::string_view token, std::string_view hint,
                                               std::string& body) const;
  [[nodiscard]] io::Task<void> ask();
  [[nodiscard]] io::Task<Result<std::string>> keys_of_issuer();
  [[nodiscard]] io::Task<void> identify(json::object answer);
  [[nodiscard]] io::Task<void> read_logout();
  void note_read(Result<Outcome> read);
  [[nodiscard]] io::Task<Status> revoke(std::string_view token, std::string_view hint);
  [[nodiscard]] io::Task<void> destroy();
  [[nodiscard]] io::Task<void> discover();
  [[nodiscard]] io::Task<Status> look_at(std::string target);
  void read_device(int status, const json::object& answer);
  void leave_outcome() const;

  io::Loop& loop_;
  Api& api_;
  const Job& job_;
  std::vector<Secret> secrets_;
  Outcome outcome_;
};

/// Who we are goes beside them as the provider wants it.
http::ClientRequest Login::request(Parameters parameters, std::string& body) const {
  http::ClientRequest out;
  out.method = "POST";
  out.target = job_.reference;
  const bool is_json = job_.setting("body") == "json";
  const bool is_basic = job_.setting("client") == "basic" && !secrets_[0].is_empty();
  out.headers = {
      {"Accept", "application/json"},
      {"User-Agent", "strongroom"},
      {"Content-Type", is_json ? "application/json" : "application/x-www-form-urlencoded"}};
  if (is_basic) {
    out.headers.emplace_back("Authorization", basic());
  } else {
    parameters.emplace_back("client_id", job_.setting("client_id"));
    if (!secrets_[0].is_empty())
      parameters.emplace_back("client_secret", secret(dynamic::kClientSecret));
  }
  body = is_json ? json_of(parameters) : form_of(parameters);
  for (auto& [name, value] : parameters) wipe(value.data(), value.size());
  out.body = body;
  return out;
}

Parameters Login::parameters() const {
  switch (job_.action) {
    case Action::SignIn:
    case Action::Exchange: {
      Parameters out{{"grant_type", "authorization_code"},
                     {"code", secret(dynamic::kGrant)},
                     {"redirect_uri", job_.setting("redirect_uri")}};
      if (!secrets_[dynamic::kVerifier].is_empty())
        out.emplace_back("code_verifier", secret(dynamic::kVerifier));
      return out;
    }
    case Action::Refresh:
      return {{"grant_type", "refresh_token"}, {"refresh_token", secret(dynamic::kGrant)}};
    case Action::Poll:
      return {{"grant_type", std::string(kDeviceGrant)}, {"device_code", secret(dynamic::kGrant)}};
    default:
      if (job_.setting("scope").empty()) return {};
      return {{job_.setting("scope_parameter"), job_.setting("scope")}};
  }
}

io::Task<void> Login::ask() {
  std::string body;
  auto question = request(parameters(), body);
  auto response = co_await api_.call(std::move(question));
  wipe(body.data(), body.size());
  if (!response) {
    outcome_ = failed(Code::Unavailable, "the provider could not be reached, or not be trusted");
    co_return;
  }
  const int status = response->status;
  const json::object answer = read_answer(*response);
  if (job_.action == Action::SignIn && is_good(status) && answer.contains("id_token"))
    co_await identify(answer);
  else if (job_.action == Action::Device)
    read_device(status, answer);
  else
    outcome_ = outcome_of(status, answer, job_.setting("token_member"));
}

// ------------------------------------------------------------------------------------------------
// who somebody is

io::Task<Result<std::string>> Login::keys_of_issuer() {
  auto api = Api::create(loop_, job_.setting("keys_authority"), job_.setting("keys_dial"),
                         job_.trusted_pem);
  if (!api) co_return std::unexpected(std::move(api).error());
  http::ClientRequest question;
  question.target = job_.setting("keys_target");
  question.headers = {{"Accept", "application/json"}, {"User-Agent", "strongroom"}};
  auto response = co_await api->call(std::move(question));
  if (!response || !is_good(response->status) || response->body.size() > kLongestKeys)
    co_return fail(Code::Unavailable, "the issuer does not give its keys");
  co_return std::move(response->body);
}

/// No token of its answer goes any further: nothing is asked of the provider in anybody's name.
io::Task<void> Login::identify(json::object answer) {
  const auto keys = co_await keys_of_issuer();
  if (!keys) {
    outcome_ = failed(keys.error().code, keys.error().message);
    co_return;
  }
  const auto text = [&](std::string_view name) -> std::string_view {
    const auto* found = answer.if_contains(name);
    return found != nullptr && found->is_string() ? std::string_view(found->get_string()) : "";
  };
  const auto token = verified_token(text("id_token"), *keys);
  auto identity = token ? identity_of(*token, text("access_token"), job_)
                        : Result<Outcome>(std::unexpected(token.error()));
  note_read(std::move(identity));
}

/// What a token says, or that it is none.
void Login::note_read(Result<Outcome> read) {
  if (read) {
    outcome_ = std::move(*read);
    return;
  }
  outcome_ = failed(read.error().code, read.error().message);
  outcome_.facts.emplace_back(dynamic::kForgedFact, "yes");
}

io::Task<void> Login::read_logout() {
  const auto keys = co_await keys_of_issuer();
  if (!keys) {
    outcome_ = failed(keys.error().code, keys.error().message);
    co_return;
  }
  const auto token = verified_token(secret(dynamic::kGrant), *keys, TokenKind::Logout);
  note_read(token ? logout_of(*token) : Result<Outcome>(std::unexpected(token.error())));
}

/// RFC 8628 3.2.
void Login::read_device(int status, const json::object& answer) {
  const std::string code = member_of(answer, "device_code");
  const std::string shown = member_of(answer, "user_code");
  std::string place = member_of(answer, "verification_uri");
  if (place.empty()) place = member_of(answer, "verification_url");
  const std::string error = error_of(answer);
  const bool is_https = place.starts_with("https://");
  if (!is_good(status) || code.empty() || shown.empty() || shown.size() > kLongestUserCode ||
      !is_https) {
    outcome_ = failed(Code::Refused, "the provider begins no login of a device: " +
                                         (error.empty() ? std::to_string(status) : error));
    return;
  }
  outcome_ = done(true);
  const Secret device(bytes_of(code));
  const Secret none;
  const std::array<const Secret*, dynamic::kTokens> both{&device, &none};
  outcome_.value = dynamic::pack(both);
  outcome_.facts = {{"user_code", shown},
                    {"verification_uri", place},
                    {std::string(dynamic::kExpiresIn), member_of(answer, dynamic::kExpiresIn)},
                    {"interval", member_of(answer, "interval")}};
  const std::string whole = member_of(answer, "verification_uri_complete");
  if (whole.starts_with("https://"))
    outcome_.facts.emplace_back("verification_uri_complete", whole);
}

// ------------------------------------------------------------------------------------------------
// ending it

/// In the provider's own way.
http::ClientRequest Login::revocation(std::string_view token, std::string_view hint,
                                      std::string& body) const {
  const std::string& style = job_.setting("style");
  if (style == "standard")
    return request({{"token", std::string(token)}, {"token_type_hint", std::string(hint)}}, body);
  http::ClientRequest out;
  out.method = style == "bearer" ? "POST" : "DELETE";
  out.target = job_.reference;
  out.headers = {{"Accept", "application/json"}, {"User-Agent", "strongroom"}};
  if (style == "path") {
    constexpr std::string_view kPlace = "{token}";
    if (const auto at = out.target.find(kPlace); at != std::string::npos)
      out.target.replace(at, kPlace.size(), percent_encode(token));
    return out;
  }
  out.headers.emplace_back("Authorization",
                           style == "bearer" ? "Bearer " + std::string(token) : basic());
  if (style == "bearer") return out;
  out.headers.emplace_back("Content-Type", "application/json");
  body = to_text(json::object{{"access_token", token}});
  out.body = body;
  return out;
}

/// Confirmed, or said to be of no use already.
io::Task<Status> Login::revoke(std::string_view token, std::string_view hint) {
  if (token.empty()) co_return Status();
  std::string body;
  auto question = revocation(token, hint, body);
  auto response = co_await api_.call(std::move(question));
  wipe(body.data(), body.size());
  if (!response)
    co_return fail(Code::Unavailable, "the provider could not be reached, or not be trusted");
  const int status = response->status;
  const std::string error = error_of(read_answer(*response));
  const bool is_gone = error == "invalid_token" || error == "token_revoked" ||
                       error == "invalid_auth" || error == "account_inactive" ||
                       (status == 404 && job_.setting("style") != "standard");
  if (is_gone || (is_good(status) && error.empty())) co_return Status();
  co_return fail(Code::Refused, "the provider does not end the login (status " +
                                    std::to_string(status) + (error.empty() ? "" : ", ") + error +
                                    ")");
}

/// The refresh token first: no new access token can come then.
io::Task<void> Login::destroy() {
  const std::string refresh = secret(dynamic::kGrant);
  const std::string access = secret(dynamic::kVerifier);
  const std::string& style = job_.setting("style");
  Status ended;
  if (style == "standard" || style == "path") ended = co_await revoke(refresh, "refresh_token");
  if (ended && style != "path") ended = co_await revoke(access, "access_token");
  outcome_ = ended ? done(true) : failed(ended.error().code, ended.error().message);
}

// ------------------------------------------------------------------------------------------------
// what it says of itself

/// RFC 8414 3: before the issuer's own path; OpenID Connect: after it.
io::Task<void> Login::discover() {
  const bool has_path = job_.reference != "/";
  std::string special(kSpecialFile);
  if (has_path) special += job_.reference;
  std::string open_id = has_path ? job_.reference : std::string();
  open_id += kOpenIdFile;
  const bool is_open_id = job_.setting("file") == "openid";
  Status found = co_await look_at(std::move(is_open_id ? open_id : special));
  if (!found && !is_open_id) found = co_await look_at(std::move(open_id));
  if (!found) outcome_ = failed(found.error().code, found.error().message, false);
}

io::Task<Status> Login::look_at(std::string target) {
  http::ClientRequest question;
  question.target = std::move(target);
  question.headers = {{"Accept", "application/json"}, {"User-Agent", "strongroom"}};
  auto response = co_await api_.call(std::move(question));
  if (!response)
    co_return fail(Code::Unavailable, "the issuer could not be reached, or not be trusted");
  const int status = response->status;
  const json::object answer = read_answer(*response);
  if (!is_good(status) || answer.empty())
    co_return fail(Code::Refused,
                   "the issuer does not describe itself (status " + std::to_string(status) + ")");
  if (member_of(answer, "issuer") != job_.setting("issuer"))
    co_return fail(Code::Refused, "the issuer calls itself by another name");
  outcome_ = done(true);
  for (const std::string_view name :
       {"authorization_endpoint", "token_endpoint", "device_authorization_endpoint",
        "revocation_endpoint", "end_session_endpoint", "jwks_uri"})
    if (auto text = member_of(answer, name); !text.empty())
      outcome_.facts.emplace_back(name, std::move(text));
  const auto* says_iss = answer.if_contains("authorization_response_iss_parameter_supported");
  if (says_iss != nullptr && says_iss->is_bool() && says_iss->get_bool())
    outcome_.facts.emplace_back("iss", "yes");
  const auto* ways = answer.if_contains("token_endpoint_auth_methods_supported");
  const auto has = [&](std::string_view way) {
    return ways != nullptr && ways->is_array() &&
           std::ranges::any_of(ways->get_array(), [&](const json::value& each) {
             return each.is_string() && std::string_view(each.get_string()) == way;
           });
  };
  // Basic is what everybody takes (RFC 6749 2.3.1), and what is meant without a list (RFC 8414 2).
  const bool is_body = has("client_secret_post") && !has("client_secret_basic");
  outcome_.facts.emplace_back("client", is_body ? "body" : "basic");
  co_return Status();
}

/// So that it is not lost where whoever waits for it is gone.
void Login::leave_outcome() const {
  if (secrets_[dynamic::kHandover].is_empty()) return;
  const Secret plain = dynamic::encode(outcome_);
  const ByteVector record =
      crypto::seal_record(secrets_[dynamic::kHandover], bytes_of(dynamic::kHandoverContext), plain);
  if (::write(dynamic::kHandoverDescriptor, record.data(), record.size()) ==
      static_cast<ssize_t>(record.size()))
    (void)::fdatasync(dynamic::kHandoverDescriptor);
}

io::Task<void> Login::work() {
  if (job_.action == Action::Discover)
    co_await discover();
  else if (job_.action == Action::Destroy)
    co_await destroy();
  else if (job_.action == Action::LogOut)
    co_await read_logout();
  else
    co_await ask();
  if (job_.action == Action::Refresh) leave_outcome();
  loop_.stop();
}

}  // namespace

Outcome work_at_login(const Job& job) {
  const SystemClock clock;
  io::Loop loop(clock);
  auto secrets = dynamic::unpack(job.credential, dynamic::kLoginSecrets);
  if (!secrets) return failed(secrets.error().code, secrets.error().message);
  auto api = Api::create(loop, job.authority, job.dial, job.trusted_pem);
  if (!api) return failed(api.error().code, api.error().message);
  Login login(loop, *api, job, std::move(*secrets));
  loop.spawn(login.work());
  loop.run();
  return login.take_outcome();
}

}  // namespace strongroom::issuer
