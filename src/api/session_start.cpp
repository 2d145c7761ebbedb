// SPDX-License-Identifier: Apache-2.0
#include "api/session_start.h"

#include <chrono>
#include <optional>

#include "api/views.h"

namespace strongroom::api {
namespace {

bool wants_socket(const Call& call) {
  const auto* body = call.body.if_object();
  const auto* said = body != nullptr ? body->if_contains("socket") : nullptr;
  return said != nullptr && said->is_bool() && said->get_bool();
}

/// Whose the session's own socket is to be; none where that was not said.
Result<std::optional<unsigned>> socket_owner_of(const Call& call) {
  const auto* said = call.body.get_object().if_contains("socket_owner");
  if (said == nullptr || said->is_null()) return std::nullopt;
  constexpr std::int64_t kMost = 0xFFFFFFFE;
  if (!said->is_int64() || said->get_int64() < 0 || said->get_int64() > kMost)
    return fail(Code::Invalid, "'socket_owner' is a user's number");
  return static_cast<unsigned>(said->get_int64());
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

bool is_open(const Call& call, SessionId session) {
  const auto view = call.services.vault.show_session(vault::Actor::installation("vault"), session);
  return view && view->state == "open";
}

/// Of a start that has failed half way: its session has not begun.
io::Task<void> withdraw(Call& call, SessionId session) {
  vault::Actor actor = call.actor;
  std::string why(vault::kNotBegun);
  (void)co_await call.services.vault.end_session(std::move(actor), session, std::move(why));
}

/// A start whose credentials could not be made is none: its session ends at once. One that somebody
/// has ended meanwhile has its end, and nothing is opened for it any more.
io::Task<Status> make_credentials(Call& call, SessionId session) {
  if (!call.services.hooks.make_credentials) co_return Status();
  const Status made = co_await call.services.hooks.make_credentials(session);
  const bool goes_on = is_open(call, session);
  if (made && !goes_on)
    co_return fail(Code::Expired, "the session was ended while its credentials were made",
                   "session_ended");
  if (!made && goes_on) co_await withdraw(call, session);
  co_return made;
}

}  // namespace

Error with_link(Error error, const ControlOptions& options) {
  if (error.reason == "not_connected" && !options.console_url.empty())
    error.message += " Or connect it in the console: " + options.console_url + "#keys";
  return error;
}

vault::SessionRequest session_request(const Call& call) {
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

/// What a runner asks nobody else for.
json::object for_runner(const ControlOptions& options, const std::string& credential) {
  json::object out{{"gateway", options.gateway},
                   {"gateway_authority", options.gateway_authority},
                   {"provider_authorities", options.provider_authorities}};
  if (!credential.empty()) out["credential"] = credential;
  return out;
}

io::Task<Answer> answer_start(Call& call, vault::SessionRequest request, SessionId& session) {
  const auto owner = socket_owner_of(call);
  if (!owner) co_return std::unexpected(owner.error());
  if (wants_socket(call) && !call.services.hooks.open_socket)
    co_return fail(Code::Unavailable, "no gateway can take a socket here");
  auto started = call.services.vault.start_session(call.actor, request);
  if (!started)
    co_return std::unexpected(with_link(std::move(started).error(), call.services.options));
  session = started->session.id;
  const Status made = co_await make_credentials(call, session);
  if (!made) co_return std::unexpected(made.error());
  if (request.runtime != kExternal && call.services.hooks.expect_runner)
    call.services.hooks.expect_runner(session);
  json::object document = to_json(*started);
  if (request.wants_runner || request.runtime != kExternal)
    document["runner"] = for_runner(call.services.options, started->runner_credential);
  if (wants_socket(call)) {
    auto socket = call.services.hooks.open_socket(session, *owner);
    if (!socket) co_await withdraw(call, session);
    if (!socket) co_return std::unexpected(std::move(socket).error());
    document["socket"] = std::move(*socket);
  }
  Reply out;
  out.document = std::move(document);
  co_return out;
}

}  // namespace strongroom::api
