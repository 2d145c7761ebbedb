// strongroom policy set|show|list|remove. SPDX-License-Identifier: Apache-2.0
#include <charconv>

#include "app/call.h"
#include "app/commands.h"
#include "base/encoding.h"

namespace strongroom::app {
namespace {

const std::vector<Column> kPolicyRow = {{"TENANT", "tenant"},
                                        {"SERVICE", "service"},
                                        {"KEY", "key"},
                                        {"A MINUTE", "requests_per_minute"},
                                        {"AT ONCE", "concurrent"},
                                        {"OCTETS A DAY", "bytes_per_day"},
                                        {"BUDGET A DAY", "budget_per_day"},
                                        {"UNIT", "budget_unit"},
                                        {"ALLOW", "allow"},
                                        {"DENY", "deny"},
                                        {"OPEN", "open"}};
const std::vector<Column> kPolicy = {{"id", "id"},
                                     {"tenant", "tenant"},
                                     {"service", "service"},
                                     {"key", "key"},
                                     {"allow", "allow"},
                                     {"deny", "deny"},
                                     {"open", "open"},
                                     {"on echo", "on_echo"},
                                     {"on misplaced", "on_misplaced"},
                                     {"tunnels", "tunnels"},
                                     {"requests a minute", "requests_per_minute"},
                                     {"at once", "concurrent"},
                                     {"octets a day", "bytes_per_day"},
                                     {"octets today", "bytes_today"},
                                     {"budget a day", "budget_per_day"},
                                     {"unit", "budget_unit"},
                                     {"units today", "units_today"},
                                     {"changed", "changed"}};

std::string path_of(const PolicyOptions& options) {
  return "/api/v1/policies/" + percent_encode(options.tenant) +
         query({{"service", options.service}, {"key", options.key}});
}

json::array to_array(const std::vector<std::string>& items) {
  json::array out;
  for (const auto& item : items) out.push_back(json::value(item));
  return out;
}

/// "tokens=1000000", or "none".
Status add_budget(const std::string& text, json::object& body) {
  if (text == "none") {
    body["budget_per_day"] = 0;
    return {};
  }
  const auto equals = text.find('=');
  std::int64_t number = 0;
  const char* const end = text.data() + text.size();
  const char* const begin = equals == std::string::npos ? end : text.data() + equals + 1;
  const auto parsed = std::from_chars(begin, end, number);
  if (equals == 0 || begin == end || parsed.ec != std::errc() || parsed.ptr != end || number < 0)
    return fail(Code::Invalid, "--budget takes UNIT=NUMBER, such as tokens=1000000, or none");
  body["budget_unit"] = text.substr(0, equals);
  body["budget_per_day"] = number;
  return {};
}

Result<json::object> change_of(const PolicyOptions& options) {
  json::object body{{"tenant", options.tenant}};
  if (!options.service.empty()) body["service"] = options.service;
  if (!options.key.empty()) body["key"] = options.key;
  if ((options.no_allow && !options.allow.empty()) || (options.no_deny && !options.deny.empty()))
    return fail(Code::Invalid, "--allow and --no-allow (--deny and --no-deny) exclude each other");
  if (!options.allow.empty() || options.no_allow) body["allow"] = to_array(options.allow);
  if (!options.deny.empty() || options.no_deny) body["deny"] = to_array(options.deny);
  if (options.no_open && !options.open.empty())
    return fail(Code::Invalid, "--open and --no-open exclude each other");
  if (!options.open.empty() || options.no_open) body["open"] = to_array(options.open);
  if (!options.on_echo.empty()) body["on_echo"] = options.on_echo;
  if (!options.on_misplaced.empty()) body["on_misplaced"] = options.on_misplaced;
  if (!options.tunnels.empty() && options.no_tunnels)
    return fail(Code::Invalid, "--tunnel and --no-tunnel exclude each other");
  if (!options.tunnels.empty() || options.no_tunnels) body["tunnels"] = to_array(options.tunnels);
  if (options.requests_per_minute) body["requests_per_minute"] = *options.requests_per_minute;
  if (options.concurrent) body["concurrent"] = *options.concurrent;
  if (options.bytes_per_day) body["bytes_per_day"] = *options.bytes_per_day;
  if (!options.budget.empty()) STRONGROOM_CHECKED(add_budget(options.budget, body));
  return body;
}

}  // namespace

int policy_set(const Common& common, const PolicyOptions& options) {
  const auto body = change_of(options);
  if (!body) return report(body.error());
  return with_client(
      common, [&](ControlClient& client) { return client.post("/api/v1/policies", *body); },
      [&](const json::value& answer) { print_object(common.format, answer, kPolicy); });
}

int policy_show(const Common& common, const PolicyOptions& options) {
  return with_client(
      common, [&](ControlClient& client) { return client.get(path_of(options)); },
      [&](const json::value& answer) { print_object(common.format, answer, kPolicy); });
}

int policy_list(const Common& common, const std::string& tenant) {
  return with_client(
      common,
      [&](ControlClient& client) {
        return client.get("/api/v1/policies" + query({{"tenant", tenant}}));
      },
      [&](const json::value& answer) {
        print_list(common.format, answer, kPolicyRow,
                   "No policies yet. Set one: strongroom policy set --tenant TENANT --service "
                   "SERVICE --rpm 60");
      });
}

int policy_remove(const Common& common, const PolicyOptions& options) {
  return remove_at(common, path_of(options), "policy removed");
}

}  // namespace strongroom::app
