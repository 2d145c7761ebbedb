// Sessions and the runners that attach to them. SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <charconv>
#include <chrono>

#include "api/operations.h"
#include "api/session_start.h"
#include "api/views.h"
#include "http/head.h"

namespace strongroom::api {
namespace {

constexpr std::string_view kProtocol = "strongroom-lease/1";
constexpr std::size_t kLongestProcess = 128;
constexpr std::size_t kMostProcesses = 1024;
constexpr std::chrono::milliseconds kLook{5};

Result<SessionId> id_of(Call& call) {
  return SessionId::parse(call.path["id"]);
}

/// "a=1,b=2"
Result<vault::Settings> labels_of(std::string_view text) {
  vault::Settings out;
  while (!text.empty()) {
    const std::string_view each = text.substr(0, text.find(','));
    text.remove_prefix(std::min(each.size() + 1, text.size()));
    const auto equals = each.find('=');
    if (equals == std::string_view::npos)
      return fail(Code::Invalid, "'label' is NAME=VALUE, or several with commas");
    out.emplace_back(std::string(each.substr(0, equals)), std::string(each.substr(equals + 1)));
  }
  return out;
}

Result<vault::SessionFilter> filter_of(const Call& call) {
  vault::SessionFilter filter;
  filter.tenant = call.parameter("tenant");
  filter.state = call.parameter("state");
  STRONGROOM_TRY(filter.labels, labels_of(call.parameter("label")));
  if (const std::string before = call.parameter("before"); !before.empty()) {
    STRONGROOM_TRY(filter.before, SessionId::parse(before));
  }
  if (const std::string limit = call.parameter("limit"); !limit.empty()) {
    const auto [end, problem] =
        std::from_chars(limit.data(), limit.data() + limit.size(), filter.limit);
    if (problem != std::errc() || end != limit.data() + limit.size())
      return fail(Code::Invalid, "'limit' is a number");
  }
  return filter;
}

/// "PID NAME"
Result<vault::ExposedProcess> process_of(std::string_view text, bool is_dead) {
  vault::ExposedProcess out;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), out.pid);
  if (problem != std::errc() || end == text.data() + text.size() || *end != ' ' ||
      text.size() > kLongestProcess)
    return fail(Code::Invalid, "a process is 'PID NAME'");
  out.name = std::string(end + 1, text.data() + text.size());
  out.is_dead = is_dead;
  return out;
}

Result<vault::EndReport> end_report_of(const Call& call) {
  vault::EndReport out;
  out.supervisor = call.text("supervisor").substr(0, kLongestProcess);
  for (const bool is_dead : {true, false})
    for (const auto& each : call.texts(is_dead ? "dead" : "exposed")) {
      if (out.processes.size() >= kMostProcesses) return fail(Code::TooLarge, "too many processes");
      STRONGROOM_TRY(auto process, process_of(each, is_dead));
      out.processes.push_back(std::move(process));
    }
  return out;
}

}  // namespace

Answer list_sessions(Call& call) {
  STRONGROOM_TRY(const auto filter, filter_of(call));
  STRONGROOM_TRY(const auto sessions, call.services.vault.list_sessions(call.actor, filter));
  return reply(to_json_list(sessions));
}

io::Task<Answer> start_session(Call& call) {
  vault::SessionRequest request = session_request(call);
  SessionId session;
  co_return co_await answer_start(call, std::move(request), session);
}

Answer show_session(Call& call) {
  STRONGROOM_TRY(const SessionId id, id_of(call));
  STRONGROOM_TRY(const auto view, call.services.vault.show_session(call.actor, id));
  json::object document = to_json(view);
  if (view.seen) document["traffic"] = to_json(*view.seen);
  json::array holders;
  if (call.services.hooks.holders_of)
    for (const auto& holder : call.services.hooks.holders_of(id))
      holders.emplace_back(to_json(holder));
  document["holders"] = std::move(holders);
  return reply(std::move(document));
}

io::Task<Answer> end_session(Call& call) {
  const Result<SessionId> id = id_of(call);
  if (!id) co_return std::unexpected(id.error());
  vault::Actor actor = call.actor;
  std::string why = call.text("why");
  if (why.empty()) why = "ended by operator";
  if (why.size() > 200) co_return fail(Code::Invalid, "'why' has at most 200 octets");
  vault::Vault& vault = call.services.vault;
  if (const auto seen = vault.show_session(actor, *id); !seen)
    co_return std::unexpected(seen.error());
  // Somebody has begun to end it (another caller, its limit): one end, and one receipt for all.
  io::Loop& loop = call.services.loop;
  while (vault.is_ending(*id)) co_await loop.sleep(kLook);
  const Result<vault::Receipt> done =
      co_await vault.end_session(std::move(actor), *id, std::move(why));
  if (!done) co_return std::unexpected(done.error());
  Reply out;
  out.text = done->document;
  co_return out;
}

io::Task<Answer> report_end(Call& call) {
  const Result<SessionId> id = id_of(call);
  if (!id) co_return std::unexpected(id.error());
  const Status known = call.services.vault.check_report_credential(*id, call.credential.bearer);
  if (!known) co_return std::unexpected(known.error());
  auto report = end_report_of(call);
  if (!report) co_return std::unexpected(std::move(report).error());
  if (!call.services.hooks.report_end)
    co_return fail(Code::Unavailable, "no supervisor can report here");
  const Result<vault::Receipt> done =
      co_await call.services.hooks.report_end(*id, std::move(*report));
  if (!done) co_return std::unexpected(done.error());
  Reply out;
  out.text = done->document;
  co_return out;
}

Answer attach_runner(Call& call) {
  STRONGROOM_TRY(const SessionId id, id_of(call));
  if (!http::list_has(call.upgrade, kProtocol))
    return fail(Code::Invalid,
                "this needs 'Connection: Upgrade' and 'Upgrade: " + std::string(kProtocol) + "'",
                "upgrade_required");
  if (call.is_runner) {
    // First: who has no other right learns nothing of other sessions.
    STRONGROOM_CHECKED(call.services.vault.admit_runner(id, call.credential.bearer));
    call.actor = vault::Actor::installation("runner");
  }
  STRONGROOM_TRY(const auto view, call.services.vault.show_session(call.actor, id));
  if (view.state != "open") return fail(Code::Expired, "the session has ended", "session_ended");
  if (!call.services.hooks.attach_runner)
    return fail(Code::Unavailable, "no runner can attach here");
  Reply out;
  out.take_over = [&hooks = call.services.hooks, id](io::Stream stream) {
    hooks.attach_runner(id, std::move(stream));
  };
  return out;
}

}  // namespace strongroom::api
