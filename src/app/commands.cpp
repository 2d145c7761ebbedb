// The commands that are one call of the control API. SPDX-License-Identifier: Apache-2.0
#include "app/commands.h"

#include <charconv>
#include <chrono>

#include "app/call.h"
#include "app/files.h"
#include "app/prompt.h"
#include "base/clock.h"
#include "base/encoding.h"
#include "base/time_text.h"
#include "io/process/process.h"

namespace strongroom::app {
namespace {

constexpr std::size_t kLongestTemplate = 8192;

const std::vector<Column> kTenant = {
    {"NAME", "name"}, {"STATE", "state"}, {"CREATED", "created"}, {"ID", "id"}};
const std::vector<Column> kMember = {
    {"NAME", "name"}, {"ROLE", "role"}, {"TENANT", "tenant"}, {"CREATED", "created"}, {"ID", "id"}};
const std::vector<Column> kKeyRow = {
    {"SERVICE", "service"}, {"LABEL", "label"},         {"TENANT", "tenant"},
    {"HOME", "home"},       {"OWNER", "owner"},         {"DELIVERY", "delivery"},
    {"STATE", "state"},     {"VERSION", "version"},     {"ENDS IN", "last_characters"},
    {"EXPIRES", "expires"}, {"LAST USED", "last_used"}, {"ID", "id"}};
const std::vector<Column> kKey = {{"id", "id"},
                                  {"service", "service"},
                                  {"label", "label"},
                                  {"tenant", "tenant"},
                                  {"home", "home"},
                                  {"owner", "owner"},
                                  {"delivery", "delivery"},
                                  {"state", "state"},
                                  {"version", "version"},
                                  {"created", "created"},
                                  {"changed", "changed"},
                                  {"last used", "last_used"},
                                  {"expires", "expires"},
                                  {"scheduled checks", "scheduled_checks"},
                                  {"ends in", "last_characters"},
                                  {"settings", "settings"}};
const std::vector<Column> kSkill = {
    {"NAME", "name"}, {"TENANT", "tenant"}, {"SERVICES", "services"}, {"ID", "id"}};

using Answer = Result<json::value>;

int list(const Common& common, const std::string& path, const std::vector<Column>& columns,
         std::string_view when_empty) {
  return with_client(
      common, [&](ControlClient& client) { return client.get(path); },
      [&](const json::value& answer) { print_list(common.format, answer, columns, when_empty); });
}

int show_one(const Common& common, const std::string& path, const std::vector<Column>& members) {
  return with_client(
      common, [&](ControlClient& client) { return client.get(path); },
      [&](const json::value& answer) { print_object(common.format, answer, members); });
}

/// "2027-01-31" (its beginning, in UTC), a time of RFC 3339, or as "90d": for the API.
Result<std::string> expiry_of(const std::string& text) {
  if (text.ends_with('d')) {
    int days = 0;
    const char* end = text.data() + text.size() - 1;
    const auto [last, error] = std::from_chars(text.data(), end, days);
    if (error == std::errc() && last == end && days > 0 && days <= 36'500)
      return to_rfc3339(SystemClock().wall() + std::chrono::hours(24) * days);
  }
  if (const auto time = parse_time(text)) return to_rfc3339(*time);
  return fail(Code::Invalid, "--expires takes a date, as 2027-01-31, or days, as 90d");
}

/// Which flag gives what the server misses is ours to say.
Error with_flag(Error error) {
  constexpr std::string_view kBefore = "the setting '";
  const auto at = error.message.find(kBefore);
  if (error.reason != "setting_missing" || at == std::string::npos) return error;
  const auto name = at + kBefore.size();
  error.message += " Give it with --set " +
                   error.message.substr(name, error.message.find('\'', name) - name) + "=...";
  return error;
}

int revoke_call(const Common& common, const std::function<Answer(ControlClient&)>& call) {
  return with_client(common, call,
                     [&](const json::value& answer) { print_receipt(common.format, answer); });
}

}  // namespace

int remove_at(const Common& common, const std::string& path, std::string_view done) {
  return with_client(
      common, [&](ControlClient& client) { return client.remove(path); },
      [&](const json::value& answer) {
        if (common.format == Format::Json)
          print_object(common.format, answer.is_null() ? json::object() : answer, {});
        say(common.format, done);
      });
}

void print_receipt(Format format, const json::value& document) {
  if (format == Format::Json || !document.is_object()) return print_object(format, document, {});
  const auto* receipt = document.get_object().if_contains("receipt");
  if (receipt == nullptr || !receipt->is_object())
    return print_object(format, document, {{"receipt", "receipt"}});
  const auto& body = receipt->get_object();
  print_object(format, body,
               {{"receipt", "id"}, {"asked at", "asked_at"}, {"completed at", "completed_at"}});
  for (const auto& [member, meaning] :
       {std::pair("r1", "R1 fenced"), std::pair("r2", "R2 withdrawn"),
        std::pair("r3", "R3 destroyed at the source"), std::pair("r4", "R4 unrecoverable")}) {
    const auto* promise = body.if_contains(member);
    if (promise == nullptr || !promise->is_object()) continue;
    const auto& object = promise->get_object();
    const auto* holds = object.if_contains("holds");
    std::string line =
        std::string(meaning) + ": " +
        (holds != nullptr && holds->is_bool() && holds->get_bool() ? "holds" : "not claimed");
    if (const auto why = optional_string(object, "why"); why && !why->empty())
      line += " (" + *why + ")";
    say(format, line);
  }
}

std::string path_of(std::string_view collection, std::string_view id, std::string_view verb) {
  std::string path = "/api/v1/" + std::string(collection) + "/" + percent_encode(id);
  if (!verb.empty()) path += "/" + std::string(verb);
  return path;
}

json::array to_array(const std::vector<std::string>& items) {
  json::array out;
  for (const auto& item : items) out.push_back(json::value(item));
  return out;
}

Result<std::vector<std::pair<std::string, std::string>>> split_pairs(
    const std::vector<std::string>& pairs, std::string_view option) {
  std::vector<std::pair<std::string, std::string>> out;
  for (const auto& pair : pairs) {
    const auto equals = pair.find('=');
    if (equals == std::string::npos || equals == 0)
      return fail(Code::Invalid, std::string(option) + " takes NAME=VALUE");
    out.emplace_back(pair.substr(0, equals), pair.substr(equals + 1));
  }
  return out;
}

int tenant_add(const Common& common, const std::string& name) {
  return with_client(
      common,
      [&](ControlClient& client) { return client.post("/api/v1/tenants", {{"name", name}}); },
      [&](const json::value& answer) {
        print_object(common.format, answer, {{"tenant", "name"}, {"id", "id"}});
      });
}

int tenant_list(const Common& common) {
  return list(common, "/api/v1/tenants", kTenant,
              "No tenants yet. Add one: strongroom tenant add NAME");
}

int tenant_remove(const Common& common, const std::string& name) {
  return revoke_call(
      common, [&](ControlClient& client) { return client.remove(path_of("tenants", name)); });
}

int member_add(const Common& common, const std::string& tenant, const std::string& name,
               const std::string& role) {
  return with_client(
      common,
      [&](ControlClient& client) {
        return client.post("/api/v1/members", {{"tenant", tenant}, {"name", name}, {"role", role}});
      },
      [&](const json::value& answer) {
        print_object(common.format, answer,
                     {{"member", "name"}, {"tenant", "tenant"}, {"role", "role"}, {"id", "id"}});
      });
}

int member_list(const Common& common, const std::string& tenant) {
  return list(common, "/api/v1/members" + query({{"tenant", tenant}}), kMember,
              "No members yet. Add one: strongroom member add --tenant TENANT NAME");
}

int member_remove(const Common& common, const std::string& tenant, const std::string& name) {
  return revoke_call(common, [&](ControlClient& client) {
    return client.remove(path_of("members", name) + query({{"tenant", tenant}}));
  });
}

int service_list(const Common& common) {
  return list(common, "/api/v1/services",
              {{"SERVICE", "id"}, {"TITLE", "title"}, {"DELIVERY", "delivery"}, {"HOMES", "homes"}},
              "No services.");
}

int key_add(const Common& common, const KeyAddOptions& options) {
  (void)io::confine_this_process();
  const auto settings = split_pairs(options.settings, "--set");
  if (!settings) return report(settings.error());
  json::object body{{"service", options.service}, {"tenant", options.tenant}};
  if (!options.member.empty()) body["member"] = options.member;
  if (!options.label.empty()) body["label"] = options.label;
  json::object chosen;
  for (const auto& [name, value] : *settings) chosen[name] = value;
  if (options.is_dynamic) chosen["dynamic"] = "yes";
  if (!options.grant_role.empty()) chosen["grant_role"] = options.grant_role;
  if (!options.owned.empty()) chosen["owned"] = options.owned;
  if (!options.template_file.empty()) {
    auto text = read_file(options.template_file, kLongestTemplate);
    if (!text) return report(text.error());
    chosen["template"] = std::move(*text);
  }
  if (!chosen.empty()) body["settings"] = std::move(chosen);
  if (!options.expires.empty()) {
    const auto expires = expiry_of(options.expires);
    if (!expires) return report(expires.error());
    body["expires"] = *expires;
  }
  const auto value = read_value("Value of the " + options.service + " key");
  if (!value) return report(value.error());
  return with_client(
      common,
      [&](ControlClient& client) {
        Answer answer = client.post_with_value("/api/v1/keys", body, *value);
        if (!answer) answer = std::unexpected(with_flag(std::move(answer).error()));
        return answer;
      },
      [&](const json::value& answer) { print_object(common.format, answer, kKey); });
}

int key_list(const Common& common, const std::string& tenant) {
  return list(common, "/api/v1/keys" + query({{"tenant", tenant}}), kKeyRow,
              "No keys yet. Add one: strongroom key add SERVICE --tenant TENANT");
}

int key_show(const Common& common, const std::string& id) {
  return show_one(common, path_of("keys", id), kKey);
}

int key_rotate(const Common& common, const std::string& id, const std::string& expires) {
  (void)io::confine_this_process();
  json::object body;
  if (!expires.empty()) {
    const auto time = expiry_of(expires);
    if (!time) return report(time.error());
    body["expires"] = *time;
  }
  const auto value = read_value("New value");
  if (!value) return report(value.error());
  return with_client(
      common,
      [&](ControlClient& client) {
        return client.post_with_value(path_of("keys", id, "rotate"), body, *value);
      },
      [&](const json::value& answer) { print_object(common.format, answer, kKey); });
}

int key_check(const Common& common, const std::string& id) {
  int exit_code = 0;
  const int failed = with_client(
      common, [&](ControlClient& client) { return client.post(path_of("keys", id, "check"), {}); },
      [&](const json::value& answer) {
        print_object(common.format, answer,
                     {{"verdict", "verdict"}, {"status", "status"}, {"said", "message"}});
        if (answer.is_object() && readable(answer.get_object(), "verdict") != "accepted")
          exit_code = 1;
      });
  return failed != 0 ? failed : exit_code;
}

int key_checks(const Common& common, const std::string& id, const std::string& is_on) {
  return with_client(
      common,
      [&](ControlClient& client) {
        return client.post(path_of("keys", id, "checks"), {{"scheduled", is_on == "on"}});
      },
      [&](const json::value& answer) { print_object(common.format, answer, kKey); });
}

int tenant_checks(const Common& common, const std::string& name, const std::string& is_on) {
  return with_client(
      common,
      [&](ControlClient& client) {
        return client.post(path_of("tenants", name, "checks"), {{"scheduled", is_on == "on"}});
      },
      [&](const json::value& answer) {
        if (common.format == Format::Json) return print_object(common.format, answer, {});
        say(common.format, "scheduled checks of all keys of " + name + ": " + is_on);
      });
}

int key_revoke(const Common& common, const std::string& id) {
  return revoke_call(common, [&](ControlClient& client) {
    return client.post(path_of("keys", id, "revoke"), {});
  });
}

int skill_add(const Common& common, const std::string& tenant, const std::string& name,
              const std::vector<std::string>& services) {
  return with_client(
      common,
      [&](ControlClient& client) {
        return client.post("/api/v1/skills",
                           {{"tenant", tenant}, {"name", name}, {"services", to_array(services)}});
      },
      [&](const json::value& answer) {
        print_object(
            common.format, answer,
            {{"skill", "name"}, {"tenant", "tenant"}, {"services", "services"}, {"id", "id"}});
      });
}

int skill_list(const Common& common, const std::string& tenant) {
  return list(
      common, "/api/v1/skills" + query({{"tenant", tenant}}), kSkill,
      "No skills yet. Add one: strongroom skill add NAME --tenant TENANT --service SERVICE");
}

int skill_remove(const Common& common, const std::string& tenant, const std::string& name) {
  return remove_at(common, path_of("skills", name) + query({{"tenant", tenant}}),
                   "skill " + name + " removed");
}

int receipt_list(const Common& common) {
  return list(common, "/api/v1/receipts",
              {{"ID", "id"}, {"SUBJECT", "subject"}, {"CREATED", "created"}}, "No receipts yet.");
}

int receipt_show(const Common& common, const std::string& id) {
  return with_client(
      common, [&](ControlClient& client) { return client.get(path_of("receipts", id)); },
      [&](const json::value& answer) { print_receipt(common.format, answer); });
}

}  // namespace strongroom::app
