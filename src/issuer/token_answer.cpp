// SPDX-License-Identifier: Apache-2.0
#include "issuer/token_answer.h"

#include <algorithm>
#include <array>

#include "dynamic/login.h"
#include "http/form.h"
#include "issuer/work.h"

namespace strongroom::issuer {
namespace {

constexpr std::size_t kLongestToken = 8192;
constexpr std::size_t kMostMembers = 64;

bool is_text(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return c >= ' ' && c <= '~'; });
}

/// As a header carries it.
bool is_token(std::string_view text) {
  return !text.empty() && text.size() <= kLongestToken &&
         std::ranges::all_of(text, [](char c) { return c > ' ' && c <= '~'; });
}

json::object from_form(std::string_view body) {
  http::Form form = http::read_form(body);
  json::object out;
  for (auto& [name, value] : form.fields) {
    if (out.size() >= kMostMembers) break;
    out[name] = std::move(value);
  }
  return out;
}

Secret secret_of(const json::object& answer, std::string_view name) {
  const auto* found = answer.if_contains(name);
  if (found == nullptr || !found->is_string() || !is_token(found->get_string())) return {};
  return Secret(bytes_of(std::string_view(found->get_string())));
}

/// The member's own where the answer has others beside.
const json::object* holder_of(const json::object& answer, std::string_view member) {
  if (member.empty()) return &answer;
  const auto* found = answer.if_contains(member);
  return found != nullptr && found->is_object() ? &found->get_object() : nullptr;
}

}  // namespace

json::object read_answer(http::ClientResponse& response) {
  json::object out;
  const bool is_json = response.body.find_first_not_of(" \t\r\n") != std::string::npos &&
                       response.body[response.body.find_first_not_of(" \t\r\n")] == '{';
  if (is_json) {
    auto document = parse_json(response.body);
    if (document && document->is_object()) out = std::move(document->get_object());
  } else if (response.header("content-type").starts_with("application/x-www-form-urlencoded")) {
    out = from_form(response.body);
  }
  wipe(response.body.data(), response.body.size());
  return out;
}

std::string member_of(const json::object& answer, std::string_view name) {
  const auto* found = answer.if_contains(name);
  if (found == nullptr) return {};
  if (found->is_int64() && found->get_int64() >= 0) return std::to_string(found->get_int64());
  if (!found->is_string()) return {};
  std::string text(found->get_string());
  return is_text(text) ? text : std::string();
}

std::string error_of(const json::object& answer) {
  const auto* ok = answer.if_contains("ok");
  const bool has_failed = ok != nullptr && ok->is_bool() && !ok->get_bool();
  std::string error = member_of(answer, "error").substr(0, 64);
  if (error.empty()) error = member_of(answer, "status").starts_with("BAD_") ? "invalid_grant" : "";
  return error.empty() && has_failed ? "not_ok" : error;
}

bool is_refusal(std::string_view error) {
  constexpr std::array<std::string_view, 9> kRefusals = {
      "invalid_grant",         "bad_refresh_token", "bad_verification_code",
      "invalid_refresh_token", "token_revoked",     "invalid_code",
      "access_denied",         "expired_token",     "account_inactive"};
  return std::ranges::find(kRefusals, error) != kRefusals.end();
}

dynamic::Outcome outcome_of(int status, const json::object& answer, std::string_view token_member) {
  const std::string error = error_of(answer);
  if (!error.empty()) {
    auto outcome = failed(is_refusal(error) ? Code::Refused : Code::Unavailable,
                          "the provider answers " + error);
    outcome.facts.emplace_back(dynamic::kErrorFact, error);
    return outcome;
  }
  const auto* holder = holder_of(answer, token_member);
  const bool is_good = status >= 200 && status < 300 && holder != nullptr;
  const Secret access = is_good ? secret_of(*holder, "access_token") : Secret();
  if (access.is_empty())
    return failed(Code::Unavailable,
                  "the provider gives no token (status " + std::to_string(status) + ")");
  const Secret refresh = secret_of(*holder, "refresh_token");
  const std::array<const Secret*, dynamic::kTokens> tokens{&access, &refresh};
  dynamic::Outcome outcome = done(true);
  outcome.value = dynamic::pack(tokens);
  for (const auto name : {dynamic::kExpiresIn, dynamic::kScopeFact})
    if (auto text = member_of(*holder, name); !text.empty())
      outcome.facts.emplace_back(name, std::move(text));
  return outcome;
}

}  // namespace strongroom::issuer
