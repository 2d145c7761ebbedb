// The commands about sessions. SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cstdio>
#include <iterator>
#include <limits>

#include "app/call.h"
#include "app/session_start.h"
#include "app/started_session.h"
#include "catalog/catalog.h"
#include "workroom/environment.h"

namespace strongroom::app {
namespace {

constexpr long kPage = 1000;

const std::vector<Column> kRow = {
    {"ID", "id"},       {"TENANT", "tenant"},   {"MEMBER", "member"},
    {"STATE", "state"}, {"RUNTIME", "runtime"}, {"STARTED", "started"},
    {"ENDED", "ended"}, {"WHY", "ended_why"},   {"LABELS", "labels"}};
const std::vector<Column> kSession = {{"id", "id"},
                                      {"tenant", "tenant"},
                                      {"member", "member"},
                                      {"state", "state"},
                                      {"runtime", "runtime"},
                                      {"started", "started"},
                                      {"expires", "expires"},
                                      {"idle limit", "idle_limit_seconds"},
                                      {"last active", "last_active"},
                                      {"ended", "ended"},
                                      {"why", "ended_why"},
                                      {"labels", "labels"},
                                      {"grants", "grants"},
                                      {"holders", "holders"},
                                      {"traffic", "traffic"}};

/// Page after page, each of sessions older than the last one of the page before.
Result<json::value> all_pages(ControlClient& client, const SessionListOptions& options) {
  std::string labels;
  for (const auto& each : options.labels) labels += (labels.empty() ? "" : ",") + each;
  long left = options.limit > 0 ? options.limit : std::numeric_limits<long>::max();
  json::array out;
  std::string before;
  while (left > 0) {
    const long wanted = std::min(left, kPage);
    STRONGROOM_TRY(const auto page,
                   client.get("/api/v1/sessions" + query({{"tenant", options.tenant},
                                                          {"state", options.state},
                                                          {"label", labels},
                                                          {"before", before},
                                                          {"limit", std::to_string(wanted)}})));
    if (!page.is_array()) return fail(Code::Protocol, "the server's answer is not understood");
    for (const auto& each : page.get_array()) out.push_back(each);
    if (static_cast<long>(page.get_array().size()) < wanted || !out.back().is_object()) break;
    STRONGROOM_TRY(before, required_string(out.back().get_object(), "id"));
    left -= wanted;
  }
  return json::value(std::move(out));
}

/// A line each, at once: whoever reads them may act on them.
void print_event(Format format, const StreamEvent& event) {
  const auto document = parse_json(event.data);
  if (!document || !document->is_object()) return;
  const auto& object = document->get_object();
  std::string line;
  if (format == Format::Json) {
    line = event.data;
  } else if (event.kind == "missed") {
    line = "Some events are not kept any more: list the sessions anew.";
  } else {
    for (const auto* member : {"at", "session", "tenant", "event"})
      line += (line.empty() ? "" : "  ") + readable(object, member);
    for (const auto* member : {"member", "runtime", "service", "label", "key", "why", "receipt"})
      if (object.contains(member)) line += "  " + readable(object, member);
  }
  std::printf("%s\n", line.c_str());
  std::fflush(stdout);
}

using Variables = std::vector<workroom::PlainVariable>;

/// Every pass, in the variables that its service's tools read.
Result<Variables> pass_variables(const SessionStart& start) {
  STRONGROOM_TRY(const auto catalog, catalog::Catalog::from_sources(catalog::built_in_sources()));
  std::vector<workroom::SessionKey> keys;
  for (const auto& granted : start.passes)
    if (const auto* service = catalog.find(granted.service); service != nullptr)
      keys.push_back({service, granted.label, granted.settings, granted.pass, Secret(), false});
  // Of what else there is for a workroom, nothing names the gateway as this one reaches it. A pass
  // that is not shown now is lost: what cannot be named as it should be has another name.
  const auto all = workroom::build_environment({start.session.text(), "http://gateway", {}, {}, {}},
                                               std::move(keys));
  Variables out;
  for (const auto& granted : start.passes) {
    const auto before = out.size();
    if (all)
      std::ranges::copy_if(all->plain, std::back_inserter(out), [&](const auto& each) {
        return each.value == granted.pass && workroom::variable_suffix(each.name) == each.name;
      });
    // The operator's own services are not known here, and some put a pass into something longer.
    if (out.size() == before)
      out.push_back({workroom::variable_suffix(granted.service + "_" + granted.label) + "_PASS",
                     granted.pass});
  }
  return out;
}

/// One word of a shell, whatever the server has sent.
std::string quoted(const std::string& text) {
  constexpr std::string_view kPlain =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-./";
  if (text.find_first_not_of(kPlain) == std::string::npos) return text;
  std::string out = "'";
  for (const char c : text) out += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return out + "'";
}

}  // namespace

Result<json::object> session_body(const RunOptions& options, std::string_view runtime) {
  json::object body{{"tenant", options.tenant},
                    {"member", options.member},
                    {"runtime", runtime},
                    {"services", to_array(options.services)},
                    {"skills", to_array(options.skills)}};
  if (options.time_limit_seconds > 0) body["time_limit_seconds"] = options.time_limit_seconds;
  if (options.idle_limit_seconds > 0) body["idle_limit_seconds"] = options.idle_limit_seconds;
  STRONGROOM_TRY(const auto pairs, split_pairs(options.labels, "--label"));
  json::object labels;
  for (const auto& [name, value] : pairs)
    if (!labels.emplace(name, value).second)
      return fail(Code::Invalid, "the label '" + name + "' is there twice");
  if (!labels.empty()) body["labels"] = std::move(labels);
  if (options.socket || options.socket_owner) body["socket"] = true;
  if (options.socket_owner) body["socket_owner"] = *options.socket_owner;
  return body;
}

int print_started(Format format, const json::value& started) {
  if (format == Format::Json) {
    print_object(format, started, {});
    return 0;
  }
  const auto start = read_start(started);
  if (!start) return report(start.error());
  auto variables = pass_variables(*start);
  if (!variables) return report(variables.error());
  variables->insert(variables->begin(), {"STRONGROOM_SESSION", start->session.text()});
  variables->push_back({"STRONGROOM_PROXY_CREDENTIAL", start->proxy_credential});
  if (!start->socket.empty()) variables->push_back({"STRONGROOM_SOCKET", start->socket});
  say(format, "# Passes and the proxy's credential are shown now and never again; --json has the");
  say(format, "# certificate authority of the proxy, too.");
  for (const auto& each : *variables) say(format, each.name + "=" + quoted(each.value));
  if (!start->injected.empty())
    say(format, "# Injected keys are not among them: a runner alone is given their values.");
  return 0;
}

int session_start(const Common& common, const RunOptions& options) {
  const auto body = session_body(options, "external");
  if (!body) return report(body.error());
  int exit_code = 0;
  const int failed = with_client(
      common, [&](ControlClient& client) { return client.post("/api/v1/sessions", *body); },
      [&](const json::value& answer) { exit_code = print_started(common.format, answer); });
  return failed != 0 ? failed : exit_code;
}

int session_list(const Common& common, const SessionListOptions& options) {
  return with_client(
      common, [&](ControlClient& client) { return all_pages(client, options); },
      [&](const json::value& answer) {
        print_list(common.format, answer, kRow, "No sessions, or none like that.");
      });
}

int session_show(const Common& common, const std::string& id) {
  return with_client(
      common, [&](ControlClient& client) { return client.get(path_of("sessions", id)); },
      [&](const json::value& answer) { print_object(common.format, answer, kSession); });
}

int session_events(const Common& common, const SessionEventsOptions& options) {
  auto server = find_server(common.data);
  if (!server) return report(server.error());
  ControlClient client(std::move(*server));
  const std::string path = options.id.empty()
                               ? "/api/v1/sessions/events" + query({{"tenant", options.tenant}})
                               : path_of("sessions", options.id, "events");
  bool has_ended = false;
  const Status followed = client.follow(path, options.after, [&](const StreamEvent& event) {
    has_ended = event.kind == "ended";
    print_event(common.format, event);
  });
  if (!followed) return report(followed.error());
  if (!options.id.empty() && has_ended) return 0;
  return report({Code::Unavailable, "the server has ended the stream; follow again with --after"});
}

int session_end(const Common& common, const std::string& id) {
  return with_client(
      common,
      [&](ControlClient& client) { return client.post(path_of("sessions", id, "end"), {}); },
      [&](const json::value& answer) { print_receipt(common.format, answer); });
}

}  // namespace strongroom::app
