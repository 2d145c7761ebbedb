// SPDX-License-Identifier: Apache-2.0
#include "catalog/policy.h"

#include <algorithm>

#include "catalog/catalog.h"
#include "catalog/rules.h"

namespace strongroom::catalog {
namespace {

constexpr std::size_t kMaxMethods = 16;

bool is_method(std::string_view text) {
  return !text.empty() && text.size() <= 16 &&
         std::ranges::all_of(text, [](char c) { return c >= 'A' && c <= 'Z'; });
}

Status check_rule(const PolicyRule& rule) {
  if (rule.methods.size() > kMaxMethods)
    return fail(Code::Invalid, "a rule has at most 16 methods");
  for (const auto& method : rule.methods)
    if (!is_method(method))
      return fail(Code::Invalid, "a method is an HTTP method in capitals, WS or *");
  if (rule.path.size() > Policy::kMaxPattern)
    return fail(Code::TooLarge, "a rule's path has at most 256 characters");
  const Status pattern = check_pattern(rule.path);
  if (!pattern) return fail(Code::Invalid, "a rule's path " + pattern.error().message);
  return {};
}

bool has_method(const PolicyRule& rule, std::string_view method) {
  return std::ranges::find(rule.methods, method) != rule.methods.end();
}

bool denies(const PolicyRule& rule, const PolicyRequest& request) {
  const bool is_method = rule.methods.empty() || has_method(rule, request.method) ||
                         (request.is_websocket && has_method(rule, "WS")) ||
                         (request.method == "HEAD" && has_method(rule, "GET"));
  return is_method && path_matches(rule.path, request.path);
}

bool allows(const PolicyRule& rule, const PolicyRequest& request) {
  const std::string_view method = request.is_websocket       ? std::string_view("WS")
                                  : request.method == "HEAD" ? std::string_view("GET")
                                                             : request.method;
  const bool is_method = rule.methods.empty() || has_method(rule, method) ||
                         (request.method == "HEAD" && has_method(rule, "HEAD"));
  return is_method && path_is_within(rule.path, request.path);
}

}  // namespace

Result<PolicyRule> parse_rule(std::string_view text) {
  const auto wrong = [&](const std::string& what) {
    return fail(Code::Invalid, "'" + std::string(text.substr(0, 100)) + "': " + what +
                                   "; a rule looks like 'DELETE /v1/**' or 'GET,POST /v1/*'");
  };
  PolicyRule rule;
  const auto slash = text.find('/');
  if (slash == std::string_view::npos || !is_printable(text))
    return wrong("there is no path; it begins with a slash");
  rule.path = text.substr(slash);
  std::string_view methods = text.substr(0, slash);
  while (methods.ends_with(' ')) methods.remove_suffix(1);
  if (methods.empty() && slash > 0) return wrong("it begins with a space");
  if (!methods.empty() && !text.substr(0, slash).ends_with(' ')) {
    const bool is_path = methods.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZ,*") != methods.npos;
    return wrong(is_path ? "the path begins with a slash"
                         : "a space stands between methods and path");
  }
  if (methods == "*") methods = {};
  while (!methods.empty()) {
    const auto comma = methods.find(',');
    rule.methods.emplace_back(methods.substr(0, comma));
    if (comma != std::string_view::npos && comma + 1 == methods.size())
      return wrong("a method is missing");
    methods = comma == std::string_view::npos ? std::string_view() : methods.substr(comma + 1);
  }
  const Status status = check_rule(rule);
  if (!status) return wrong(status.error().message);
  return rule;
}

std::string rule_text(const PolicyRule& rule) {
  std::string text;
  for (const auto& method : rule.methods) text += (text.empty() ? "" : ",") + method;
  return (text.empty() ? "*" : text) + " " + rule.path;
}

bool is_unit(std::string_view unit) {
  return !unit.empty() && unit.size() <= 32 && unit[0] >= 'a' && unit[0] <= 'z' &&
         unit.find_first_not_of("abcdefghijklmnopqrstuvwxyz_") == std::string_view::npos;
}

Status check_policy(const Policy& policy) {
  std::size_t text = 0;
  for (const auto* rules : {&policy.allow, &policy.deny, &policy.open}) {
    if (rules->size() > Policy::kMaxRules)
      return fail(Code::TooLarge, "A policy has at most 64 rules of each kind.");
    for (const auto& rule : *rules) {
      STRONGROOM_CHECKED(check_rule(rule));
      text += rule_text(rule).size();
    }
  }
  if (text > Policy::kMaxText)
    return fail(Code::TooLarge, "The rules of a policy have at most 16384 characters.");
  if (policy.requests_per_minute > Policy::kMaxRate || policy.concurrent > Policy::kMaxRate)
    return fail(Code::Invalid, "Requests a minute and at once are at most 1000000.");
  if (policy.bytes_per_day > Policy::kMaxAmount || policy.budget.per_day > Policy::kMaxAmount)
    return fail(Code::Invalid, "Octets and budgets a day are at most 10^15.");
  if (policy.budget.unit.empty() != (policy.budget.per_day == 0))
    return fail(Code::Invalid, "A budget has a unit and an amount above zero.");
  if (!policy.budget.unit.empty() && !is_unit(policy.budget.unit))
    return fail(Code::Invalid, "A budget's unit has 1 to 32 characters of a-z and '_'.");
  return {};
}

Permission judge(const Policy& policy, const PolicyRequest& request) {
  for (const auto& rule : policy.deny)
    if (denies(rule, request)) return Permission::Denied;
  const bool is_allowed =
      policy.allow.empty() ||
      std::ranges::any_of(policy.allow, [&](const auto& rule) { return allows(rule, request); });
  return is_allowed ? Permission::Granted : Permission::NotAllowed;
}

bool opens(const Policy& policy, const PolicyRequest& request) {
  return std::ranges::any_of(policy.open, [&](const auto& rule) { return allows(rule, request); });
}

std::string_view name_of(OnEcho what) {
  return what == OnEcho::Cut ? "cut" : "mask";
}
std::string_view name_of(OnMisplaced what) {
  return what == OnMisplaced::Mask ? "mask" : "refuse";
}

Result<OnEcho> parse_on_echo(std::string_view text) {
  if (text == "mask") return OnEcho::Mask;
  if (text == "cut") return OnEcho::Cut;
  return fail(Code::Invalid, "'on_echo' is mask or cut.");
}

Result<OnMisplaced> parse_on_misplaced(std::string_view text) {
  if (text == "refuse") return OnMisplaced::Refuse;
  if (text == "mask") return OnMisplaced::Mask;
  return fail(Code::Invalid, "'on_misplaced' is refuse or mask.");
}

}  // namespace strongroom::catalog
