// Sessions and the runners that attach to them. SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <charconv>

#include "api/operations.h"
#include "api/views.h"
#include "http/head.h"

namespace strongroom::api {
namespace {

/// Whoever started the session looks after its workroom.
constexpr std::string_view kExternal = "external";
constexpr std::string_view kProtocol = "strongroom-lease/1";

Reply reply(json::value document) {
  return {std::move(document), {}, {}};
}

Result<SessionId> id_of(Call& call) {
  return SessionId::parse(call.path["id"]);
}

/// What a person can mend is said together with where.
Error with_link(Error error, const ControlOptions& options) {
  if (error.reason == "not_connected" && !options.console_url.empty())
    error.message += " Or connect it in the console: " + options.console_url + "#keys";
  return error;
}

Result<std::string> open_socket(Call& call, SessionId session) {
  if (!call.services.hooks.open_socket)
    return fail(Code::Unavailable, "no gateway can take a socket here");
  std::optional<unsigned> owner;
  const auto* said = call.body.get_object().if_contains("socket_owner");
  if (said != nullptr && !said->is_null()) {
    constexpr std::int64_t kMost = 0xFFFFFFFE;
    if (!said->is_int64() || said->get_int64() < 0 || said->get_int64() > kMost)
      return fail(Code::Invalid, "'socket_owner' is a user's number");
    owner = static_cast<unsigned>(said->get_int64());
  }
  return call.services.hooks.open_socket(session, owner);
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

/// What does not fit is too long as well: the vault says so.
std::chrono::seconds seconds_of(const json::value& value) {
  return value.is_int64() ? std::chrono::seconds(value.get_int64()) : std::chrono::seconds::max();
}

void read_limits(const json::object& body, vault::SessionRequest& request) {
  if (const auto* limit = body.if_contains("time_limit_seconds");
      limit != nullptr && !limit->is_null())
    request.time_limit = seconds_of(*limit);
  if (const auto* limit = body.if_contains("idle_limit_seconds");
      limit != nullptr && !limit->is_null())
    request.idle_limit = seconds_of(*limit);
}

/// A start whose credentials could not be made is none: its session ends at once.
io::Task<Status> make_credentials(Call& call, SessionId session) {
  if (!call.services.hooks.make_credentials) co_return Status();
  const Status made = co_await call.services.hooks.make_credentials(session);
  if (made) co_return made;
  vault::Actor actor = call.actor;
  std::string why(vault::kNotBegun);
  (void)co_await call.services.vault.end_session(std::move(actor), session, std::move(why));
  co_return made;
}

vault::SessionRequest request_of(const Call& call) {
  vault::SessionRequest request;
  request.tenant = call.text("tenant");
  request.member = call.text("member");
  request.services = call.texts("services");
  request.skills = call.texts("skills");
  request.runtime = call.text("runtime");
  if (request.runtime.empty()) request.runtime = kExternal;
  request.labels = call.settings("labels");
  read_limits(call.body.get_object(), request);
  return request;
}

}  // namespace

Answer list_sessions(Call& call) {
  STRONGROOM_TRY(const auto filter, filter_of(call));
  STRONGROOM_TRY(const auto sessions, call.services.vault.list_sessions(filter));
  return reply(to_json_list(sessions));
}

io::Task<Answer> start_session(Call& call) {
  const vault::SessionRequest request = request_of(call);
  auto started = call.services.vault.start_session(call.actor, request);
  if (!started)
    co_return std::unexpected(with_link(std::move(started).error(), call.services.options));
  const SessionId session = started->session.id;
  const Status made = co_await make_credentials(call, session);
  if (!made) co_return std::unexpected(made.error());
  if (request.runtime != kExternal && call.services.hooks.expect_runner)
    call.services.hooks.expect_runner(session);
  const auto* wants_socket = call.body.get_object().if_contains("socket");
  const bool has_socket =
      wants_socket != nullptr && wants_socket->is_bool() && wants_socket->get_bool();
  json::object document = to_json(*started);
  if (has_socket) {
    auto socket = open_socket(call, session);
    if (!socket) co_return std::unexpected(std::move(socket).error());
    document["socket"] = std::move(*socket);
  }
  co_return reply(std::move(document));
}

Answer show_session(Call& call) {
  STRONGROOM_TRY(const SessionId id, id_of(call));
  STRONGROOM_TRY(const auto view, call.services.vault.show_session(id));
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
  const Result<vault::Receipt> done =
      co_await call.services.vault.end_session(std::move(actor), *id, std::move(why));
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
  STRONGROOM_TRY(const auto view, call.services.vault.show_session(id));
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
