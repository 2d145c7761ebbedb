// Tailscale: a key a session by which one device joins, and that device's removal. Made by one
// call, so that it is there or not; destroyed by calls that may be repeated.
// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <ctime>

#include "base/json.h"
#include "issuer/https_api.h"
#include "issuer/tailscale_devices.h"
#include "issuer/work.h"

namespace strongroom::issuer {
namespace {

using dynamic::Job;
using dynamic::Outcome;

constexpr std::string_view kSecretStart = "tskey-client-";
constexpr std::string_view kKeyStart = "tskey-auth-";
constexpr std::string_view kKeys = "/api/v2/tailnet/-/keys";
constexpr std::string_view kAllKeys = "/api/v2/tailnet/-/keys?all=true";
constexpr std::string_view kDevices = "/api/v2/tailnet/-/devices";
constexpr std::string_view kDevice = "/api/v2/device/";
constexpr std::string_view kToken = "/api/v2/oauth/token";
constexpr std::string_view kNothing;
/// Tailscale's own limit.
constexpr std::chrono::hours kLongestKey{24 * 90};
constexpr std::size_t kLongestValue = 512;
/// Of keys that are looked at one by one for the session's.
constexpr std::size_t kMostKeys = 500;
/// A device may join while the key is deleted; never a second one.
constexpr int kRounds = 4;

/// Letters, digits, '-' and '_': good for paths, headers and forms as it is.
bool is_word(std::string_view text) {
  return !text.empty() && text.size() <= kLongestValue && std::ranges::all_of(text, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_';
  });
}

std::string word_in(const json::value& document, std::string_view name) {
  if (!document.is_object()) return {};
  const auto* found = document.get_object().if_contains(name);
  if (found == nullptr || !found->is_string()) return {};
  std::string text(found->get_string());
  return is_word(text) ? text : std::string();
}

struct Answer {
  int status = 0;
  json::value document;  ///< null where the status is no 2xx, or nothing was said
  [[nodiscard]] bool is_good() const { return status >= 200 && status < 300; }
};

/// RFC 6749 4.4. The client's id is in its secret.
Result<std::string> token_form(const Secret& credential) {
  return credential.reveal([](ByteView octets) -> Result<std::string> {
    const std::string_view secret = text_of(octets);
    if (!secret.starts_with(kSecretStart) || !is_word(secret))
      return fail(Code::Invalid, "the key is no secret of an OAuth client of Tailscale");
    const std::string_view rest = secret.substr(kSecretStart.size());
    std::string form = "grant_type=client_credentials&client_id=";
    form.append(rest.substr(0, rest.find('-'))).append("&client_secret=").append(secret);
    return form;
  });
}

/// One-off, ephemeral, let in without anybody's approval, under the key's tags.
std::string key_request(const Job& job, WallTime now) {
  const auto longest = std::chrono::duration_cast<std::chrono::seconds>(kLongestKey);
  const auto left = std::chrono::duration_cast<std::chrono::seconds>(job.expires - now);
  const auto good_for = std::clamp(left, std::chrono::seconds(1), longest);
  json::array tags;
  for (const auto& tag : tags_of(job)) tags.emplace_back(tag);
  const json::object create{
      {"reusable", false}, {"ephemeral", true}, {"preauthorized", true}, {"tags", std::move(tags)}};
  return to_text(
      json::object{{"capabilities", json::object{{"devices", json::object{{"create", create}}}}},
                   {"expirySeconds", good_for.count()},
                   {"description", job.name}});
}

class Tailnet {
 public:
  Tailnet(io::Loop& loop, Api& api, const Job& job) : loop_(loop), api_(api), job_(job) {}
  /// What came of it is in outcome().
  io::Task<void> work();
  [[nodiscard]] Outcome take_outcome() { return std::move(outcome_); }

 private:
  [[nodiscard]] io::Task<Result<Answer>> ask(std::string_view method, std::string target,
                                             std::string_view body);
  [[nodiscard]] io::Task<Status> log_in();
  [[nodiscard]] io::Task<Status> make();
  [[nodiscard]] io::Task<Status> destroy();
  [[nodiscard]] io::Task<Result<std::string>> find_key();
  [[nodiscard]] io::Task<Result<bool>> is_named_so(std::string id);
  [[nodiscard]] io::Task<Status> delete_key(std::string id);
  [[nodiscard]] io::Task<Status> remove_devices();
  Status keep_key(const Answer& answer);

  io::Loop& loop_;
  Api& api_;
  const Job& job_;
  std::string authorization_;
  Duration offset_{};  ///< how far Tailscale's clock is ahead of ours
  Outcome outcome_;
};

std::unexpected<Error> answered(std::string_view what, const Answer& answer) {
  std::string why = "Tailscale " + std::string(what) + " (status " + std::to_string(answer.status);
  if (answer.status == 401 || answer.status == 403)
    why += ": the OAuth client is gone, or has not the scopes auth_keys and devices:core";
  return fail(Code::Refused, why + ")");
}

io::Task<Result<Answer>> Tailnet::ask(std::string_view method, std::string target,
                                      std::string_view body) {
  http::ClientRequest request;
  request.method = method;
  request.target = std::move(target);
  request.body = body;
  const bool is_login = authorization_.empty();
  if (!is_login) request.headers.emplace_back("Authorization", authorization_);
  if (!body.empty())
    request.headers.emplace_back(
        "Content-Type", is_login ? "application/x-www-form-urlencoded" : "application/json");
  request.headers.emplace_back("Accept", "application/json");
  auto response = co_await api_.call(std::move(request));
  if (!response)
    co_return fail(Code::Unavailable, "Tailscale's API could not be reached, or not be trusted");
  std::tm parts{};
  const std::string date(response->header("date"));
  if (::strptime(date.c_str(), "%a, %d %b %Y %H:%M:%S GMT", &parts) != nullptr)
    offset_ = WallTime(std::chrono::seconds(::timegm(&parts))) - loop_.clock().wall();
  Answer answer{response->status, {}};
  if (answer.is_good() && !response->body.empty()) {
    auto document = parse_json(response->body);
    wipe(response->body.data(), response->body.size());
    if (!document) co_return fail(Code::Protocol, "Tailscale's answer is not understood");
    answer.document = std::move(*document);
  }
  co_return answer;
}

io::Task<Status> Tailnet::log_in() {
  auto form = token_form(job_.credential);
  if (!form) co_return std::unexpected(std::move(form).error());
  std::string target(kToken);
  const auto answer = co_await ask("POST", std::move(target), *form);
  wipe(form->data(), form->size());
  if (!answer) co_return std::unexpected(answer.error());
  if (!answer->is_good()) co_return answered("does not take the OAuth client", *answer);
  const std::string token = word_in(answer->document, "access_token");
  if (token.empty()) co_return fail(Code::Protocol, "Tailscale's token is not understood");
  authorization_ = "Bearer " + token;
  co_return Status();
}

// ------------------------------------------------------------------------------------------------
// making

Status Tailnet::keep_key(const Answer& answer) {
  outcome_.reference = word_in(answer.document, "id");
  std::string key = word_in(answer.document, "key");
  if (outcome_.reference.empty() || !key.starts_with(kKeyStart))
    return fail(Code::Protocol, "Tailscale's key is not understood");
  outcome_.value = Secret(bytes_of(key));
  wipe(key.data(), key.size());
  return {};
}

io::Task<Status> Tailnet::make() {
  outcome_.may_exist = false;
  const Status logged_in = co_await log_in();
  if (!logged_in) co_return logged_in;
  outcome_.may_exist = true;
  const std::string body = key_request(job_, loop_.clock().wall());
  std::string target(kKeys);
  const auto answer = co_await ask("POST", std::move(target), body);
  if (!answer) co_return std::unexpected(answer.error());
  // What was refused was not made.
  outcome_.may_exist = answer->status < 400 || answer->status >= 500;
  if (!answer->is_good()) co_return answered("makes no key with these tags", *answer);
  co_return keep_key(*answer);
}

// ------------------------------------------------------------------------------------------------
// destroying

io::Task<Result<bool>> Tailnet::is_named_so(std::string id) {
  std::string target(kKeys);
  target.append("/").append(id);
  const auto answer = co_await ask("GET", std::move(target), kNothing);
  if (!answer) co_return std::unexpected(answer.error());
  if (answer->status == 404) co_return false;
  if (!answer->is_good()) co_return answered("does not show a key", *answer);
  co_return word_in(answer->document, "description") == job_.name;
}

/// By what we called it; empty when there is none. The list may say no more of keys than their ids.
io::Task<Result<std::string>> Tailnet::find_key() {
  std::string target(kAllKeys);
  const auto answer = co_await ask("GET", std::move(target), kNothing);
  if (!answer) co_return std::unexpected(answer.error());
  if (!answer->is_good()) co_return answered("does not list its keys", *answer);
  const auto* keys =
      answer->document.is_object() ? answer->document.get_object().if_contains("keys") : nullptr;
  if (keys == nullptr || !keys->is_array() || keys->get_array().size() > kMostKeys)
    co_return fail(Code::Protocol, "Tailscale's list of keys is not understood, or too long");
  for (const auto& key : keys->get_array()) {
    std::string id = word_in(key, "id");
    if (id.empty()) co_return fail(Code::Protocol, "Tailscale's key is not understood");
    if (word_in(key, "description") == job_.name) co_return id;
    if (key.get_object().contains("description")) continue;
    std::string copy = id;
    const auto is_it = co_await is_named_so(std::move(copy));
    if (!is_it) co_return std::unexpected(is_it.error());
    if (*is_it) co_return id;
  }
  co_return std::string();
}

/// It is gone when it is not shown, or shown as of no use any more.
io::Task<Status> Tailnet::delete_key(std::string id) {
  std::string target(kKeys);
  target.append("/").append(id);
  std::string copy = target;
  const auto deleted = co_await ask("DELETE", std::move(copy), kNothing);
  if (!deleted) co_return std::unexpected(deleted.error());
  if (!deleted->is_good() && deleted->status != 404)
    co_return answered("does not delete the key", *deleted);
  const auto shown = co_await ask("GET", std::move(target), kNothing);
  if (!shown) co_return std::unexpected(shown.error());
  if (shown->status == 404) co_return Status();
  const auto* is_invalid =
      shown->document.is_object() ? shown->document.get_object().if_contains("invalid") : nullptr;
  if (is_invalid != nullptr && is_invalid->is_bool() && is_invalid->get_bool()) co_return Status();
  co_return answered("still shows the key as good", *shown);
}

io::Task<Status> Tailnet::remove_devices() {
  for (int round = 0; round < kRounds; ++round) {
    std::string target(kDevices);
    const auto answer = co_await ask("GET", std::move(target), kNothing);
    if (!answer) co_return std::unexpected(answer.error());
    if (!answer->is_good()) co_return answered("does not list its devices", *answer);
    const auto ours = our_devices(answer->document, tags_of(job_));
    if (!ours) co_return std::unexpected(ours.error());
    const auto removed = to_remove(*ours, job_, offset_);
    if (removed.empty()) co_return Status();
    outcome_.may_exist = true;
    for (const auto& id : removed) {
      std::string device(kDevice);
      device.append(id);
      const auto gone = co_await ask("DELETE", std::move(device), kNothing);
      if (!gone) co_return std::unexpected(gone.error());
      if (!gone->is_good() && gone->status != 404)
        co_return answered("does not remove the device", *gone);
    }
  }
  co_return fail(Code::Refused, "a device of the session is there again each time");
}

io::Task<Status> Tailnet::destroy() {
  const Status logged_in = co_await log_in();
  if (!logged_in) co_return logged_in;
  std::string id = job_.reference;
  if (id.empty()) {
    auto found = co_await find_key();
    if (!found) co_return std::unexpected(std::move(found).error());
    id = std::move(*found);
  }
  outcome_.may_exist = !id.empty();
  if (!id.empty()) {
    const Status deleted = co_await delete_key(std::move(id));
    if (!deleted) co_return deleted;
  }
  // Only now no further device can join.
  co_return co_await remove_devices();
}

io::Task<void> Tailnet::work() {
  const bool makes = job_.action == dynamic::Action::Make;
  auto task = makes ? make() : destroy();
  const Status done = co_await std::move(task);
  if (!done) {
    outcome_.code = done.error().code;
    outcome_.error = done.error().message;
  }
  loop_.stop();
}

}  // namespace

Outcome work_at_tailscale(const Job& job) {
  const SystemClock clock;
  io::Loop loop(clock);
  const bool may_exist = job.action == dynamic::Action::Destroy;
  auto api = Api::create(loop, job.authority, job.dial, job.trusted_pem);
  if (!api) return failed(api.error().code, api.error().message, may_exist);
  Tailnet tailnet(loop, *api, job);
  loop.spawn(tailnet.work());
  loop.run();
  return tailnet.take_outcome();
}

}  // namespace strongroom::issuer
