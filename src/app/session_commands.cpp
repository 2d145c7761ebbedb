// The commands about sessions. SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cstdio>
#include <limits>

#include "app/call.h"
#include "app/session_start.h"

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

void print_started(Format format, const json::value& started) {
  print_object(format, started,
               {{"session", "session"},
                {"passes", "passes"},
                {"injected", "injected"},
                {"socket", "socket"}});
}

int session_start(const Common& common, const RunOptions& options) {
  const auto body = session_body(options, "external");
  if (!body) return report(body.error());
  return with_client(
      common, [&](ControlClient& client) { return client.post("/api/v1/sessions", *body); },
      [&](const json::value& answer) { print_started(common.format, answer); });
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
