// The commands about logins at services. SPDX-License-Identifier: Apache-2.0
#include <chrono>
#include <cstdio>
#include <thread>

#include "app/call.h"
#include "app/loopback_answer.h"
#include "app/prompt.h"
#include "base/encoding.h"
#include "io/process/process.h"

namespace strongroom::app {
namespace {

const std::vector<Column> kClient = {
    {"NAME", "name"},           {"SERVICE", "service"}, {"ISSUER", "issuer"},
    {"CLIENT ID", "client_id"}, {"SCOPES", "scopes"},   {"SECRET", "has_secret"},
    {"READY", "ready"},         {"BY CODE", "device"},  {"REVOKES", "revokes"}};
const std::vector<Column> kLogin = {{"state", "state"}, {"key", "key"}, {"why", "why"}};

constexpr std::string_view kClients = "/api/v1/oauth/clients";
constexpr std::string_view kLogins = "/api/v1/oauth/logins";
constexpr std::chrono::seconds kWait{600};
constexpr std::chrono::seconds kPause{1};

using Answer = Result<json::value>;

std::string text_in(const json::value& answer, std::string_view name) {
  return answer.is_object() ? optional_string(answer.get_object(), name).value_or("") : "";
}

Result<json::object> login_body(const ConnectOptions& options) {
  json::object body{{"client", options.client}};
  if (!options.key.empty()) {
    body["key"] = options.key;
    return body;
  }
  if (options.tenant.empty() || options.member.empty())
    return fail(Code::Invalid, "whose login is it? --tenant TENANT --member MEMBER");
  body["tenant"] = options.tenant;
  body["member"] = options.member;
  if (!options.label.empty()) body["label"] = options.label;
  STRONGROOM_TRY(const auto settings, split_pairs(options.settings, "--set"));
  json::object chosen;
  for (const auto& [name, value] : settings) chosen[name] = value;
  if (!chosen.empty()) body["settings"] = std::move(chosen);
  return body;
}

/// People are told on stderr: what is printed is the key.
void tell(const std::string& line) {
  std::fprintf(stderr, "%s\n", line.c_str());
}

Answer by_code(ControlClient& client, json::object body) {
  body["way"] = "device";
  STRONGROOM_TRY(json::value login, client.post(kLogins, body));
  tell("Go to " + text_in(login, "url") + " and type the code " + text_in(login, "user_code"));
  if (const auto whole = text_in(login, "whole_url"); !whole.empty()) tell("or to " + whole);
  const std::string path =
      std::string(kLogins) + "/" + percent_encode(text_in(login, "id")) + "/poll";
  while (text_in(login, "state") == "pending") {
    std::this_thread::sleep_for(kPause);
    STRONGROOM_TRY(login, client.post(path, {}));
  }
  return login;
}

Answer by_browser(ControlClient& client, json::object body) {
  STRONGROOM_TRY(auto back, LoopbackAnswer::open());
  body["way"] = "loopback";
  body["port"] = back.port();
  STRONGROOM_TRY(const json::value login, client.post(kLogins, body));
  tell("Open this in a browser of this machine:\n" + text_in(login, "url"));
  STRONGROOM_TRY(auto said, back.wait(kWait));
  json::object answer{{"state", said["state"]}};
  for (const char* name : {"iss", "error"})
    if (!said[name].empty()) answer[name] = said[name];
  const std::string path = std::string(kLogins) + "/finish";
  if (said["code"].empty()) return client.post(path, answer);
  const Secret code(bytes_of(said["code"]));
  wipe(said["code"].data(), said["code"].size());
  return client.post_with_value(path, answer, code);
}

}  // namespace

int oauth_client_set(const Common& common, const OAuthClientOptions& options) {
  (void)io::confine_this_process();
  json::object body{{"name", options.name}, {"client_id", options.client_id}};
  if (!options.service.empty()) body["service"] = options.service;
  if (!options.issuer.empty()) body["issuer"] = options.issuer;
  if (!options.scopes.empty()) body["scopes"] = to_array(options.scopes);
  Secret secret;
  if (!options.has_no_secret) {
    auto value = read_line_value("Secret of the client");
    if (!value) return report(value.error());
    secret = std::move(*value);
  }
  return with_client(
      common,
      [&](ControlClient& client) {
        return secret.is_empty() ? client.post(kClients, body)
                                 : client.post_with_value(kClients, body, secret);
      },
      [&](const json::value& answer) { print_object(common.format, answer, kClient); });
}

int oauth_client_list(const Common& common) {
  return with_client(
      common, [&](ControlClient& client) { return client.get(kClients); },
      [&](const json::value& answer) {
        print_list(common.format, answer, kClient,
                   "No clients yet. Set one up: strongroom oauth client set SERVICE --id ID");
      });
}

int oauth_client_remove(const Common& common, const std::string& name) {
  return remove_at(common, path_of("oauth/clients", name), "client " + name + " removed");
}

int key_connect(const Common& common, const ConnectOptions& options) {
  (void)io::confine_this_process();
  auto body = login_body(options);
  if (!body) return report(body.error());
  int exit_code = 0;
  const int failed = with_client(
      common,
      [&](ControlClient& client) {
        return options.is_browser ? by_browser(client, std::move(*body))
                                  : by_code(client, std::move(*body));
      },
      [&](const json::value& answer) {
        print_object(common.format, answer, kLogin);
        if (text_in(answer, "state") != "done") exit_code = 1;
      });
  return failed != 0 ? failed : exit_code;
}

}  // namespace strongroom::app
