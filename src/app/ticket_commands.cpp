// The commands about tickets: who makes one, and who starts a session with it.
// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cstdlib>

#include "app/call.h"
#include "app/files.h"
#include "app/prompt.h"
#include "app/session_start.h"
#include "app/tickets.h"

namespace strongroom::app {
namespace {

const std::vector<Column> kRow = {
    {"ID", "id"},           {"TENANT", "tenant"}, {"MEMBER", "member"},  {"STATE", "state"},
    {"EXPIRES", "expires"}, {"USED", "used"},     {"SESSION", "session"}};

/// Nothing that would be more than one header.
bool is_ticket(std::string_view text) {
  const auto fits = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_';
  };
  return text.size() <= 200 && text.starts_with("srt_") && std::ranges::all_of(text, fits);
}

constexpr std::size_t kLongestFile = 4096;

/// Whoever writes such files ends them with a line's end, or does not.
Result<std::string> content_of(const std::string& file) {
  STRONGROOM_TRY(std::string text, read_file(file, kLongestFile));
  text.resize(text.find_last_not_of("\r\n \t") + 1);
  return text;
}

}  // namespace

Result<std::string> read_ticket(const std::string& file) {
  const char* given = std::getenv("STRONGROOM_TICKET");
  std::string text = file.empty() && given != nullptr ? given : "";
  if (!file.empty() && file != "-") {
    STRONGROOM_TRY(text, content_of(file));
  } else if (text.empty()) {
    STRONGROOM_TRY(const Secret typed, read_line_value("Ticket"));
    text = typed.reveal([](ByteView plain) { return std::string(text_of(plain)); });
  }
  if (!is_ticket(text))
    return fail(Code::Invalid,
                "that is no ticket (srt_...): give it on standard input or in STRONGROOM_TICKET");
  return text;
}

int ticket_issue(const Common& common, const RunOptions& options, long valid_seconds) {
  auto body = session_body(options, "external");
  if (!body) return report(body.error());
  body->erase("runtime");
  if (valid_seconds > 0) body->emplace("valid_seconds", valid_seconds);
  return with_client(
      common, [&](ControlClient& client) { return client.post("/api/v1/tickets", *body); },
      [&](const json::value& answer) {
        print_object(common.format, answer,
                     {{"ticket", "ticket"}, {"id", "id"}, {"expires", "expires"}});
      });
}

int ticket_list(const Common& common, const std::string& tenant) {
  return with_client(
      common,
      [&](ControlClient& client) {
        return client.get("/api/v1/tickets" + query({{"tenant", tenant}}));
      },
      [&](const json::value& answer) {
        print_list(common.format, answer, kRow, "No tickets of the last hour.");
      });
}

int ticket_use(const Common& common) {
  auto server = find_server(common.data, Needs::NoToken);
  if (!server) return report(server.error());
  auto ticket = read_ticket();
  if (!ticket) return report(ticket.error());
  server->token = std::move(*ticket);
  ControlClient client(std::move(*server));
  const auto started = client.post("/api/v1/tickets/use");
  if (!started) return report(started.error());
  return print_started(common.format, *started);
}

}  // namespace strongroom::app
