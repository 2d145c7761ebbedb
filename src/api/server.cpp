// SPDX-License-Identifier: Apache-2.0
#include "api/server.h"

#include <algorithm>

#include "api/admission.h"
#include "api/console_files.h"
#include "api/errors.h"
#include "api/metrics.h"
#include "api/operations.h"
#include "api/router.h"
#include "api/scim_door.h"
#include "base/encoding.h"
#include "base/log.h"
#include "base/utf8.h"
#include "base/wiping.h"
#include "http/form.h"
#include "http/head.h"
#include "http/server.h"
#include "io/tls/tls.h"

namespace strongroom::api {
namespace {

http::ServerResponse json_response(int status, std::string text) {
  http::ServerResponse response;
  response.status = status;
  response.headers.emplace_back("Content-Type", "application/json");
  response.body = std::move(text);
  return response;
}

Status read_query(const http::ServerRequest& request, const Operation& operation, Call& call) {
  for (const auto& [name, value] : request.query) {
    if (std::ranges::find(operation.query, name, &Member::name) == operation.query.end())
      return fail(Code::Invalid, "the query has a name that does not belong there");
    if (!call.query.emplace(name, value).second)
      return fail(Code::Invalid, "'" + name + "' is there twice");
  }
  for (const Member& member : operation.query)
    if (member.need == Need::Required && call.parameter(member.name).empty())
      return fail(Code::Invalid, "'?" + std::string(member.name) + "=' is missing");
  return {};
}

bool is_of_type(const http::ServerRequest& request, std::string_view wanted) {
  return http::equals_ignoring_case(http::media_type(request.header("content-type")), wanted);
}

/// A form's fields, as the members of a document.
Result<json::value> document_of_form(std::string_view text) {
  const auto no_form = [] { return fail(Code::Invalid, "the body is no form"); };
  auto fields = http::parse_query(text);
  if (!fields) return no_form();
  json::object out;
  for (auto& [name, value] : *fields) {
    if (!is_utf8(name) || !is_utf8(value) || out.contains(name)) return no_form();
    out[name] = std::move(value);
  }
  return out;
}

Status read_body(http::ServerRequest& request, const Operation& operation, Call& call) {
  if (operation.request.empty()) {
    if (!request.body.is_empty()) return fail(Code::Invalid, "this call takes no body");
    return {};
  }
  call.body = json::object();
  if (!request.body.is_empty()) {
    // Only JSON, so that no form of another site's page can be taken for a call.
    const bool is_form =
        operation.takes_form && is_of_type(request, "application/x-www-form-urlencoded");
    if (!is_form && !is_of_type(request, "application/json"))
      return fail(Code::Invalid, "the body must be sent as application/json",
                  "unsupported_media_type");
    STRONGROOM_TRY(call.body, is_form ? document_of_form(request.body.text())
                                      : parse_json_wiping(request.body.text()));
    request.body.reset();
  }
  return check_document(call.body, schema(operation.request));
}

http::ServerResponse document_of(const Operation& operation, Answer answer) {
  if (operation.shape == Shape::Nothing) {
    http::ServerResponse nothing;
    nothing.status = operation.status;
    return nothing;
  }
  if (answer->stream) {
    http::ServerResponse response;
    response.status = operation.status;
    response.headers.emplace_back("Content-Type", "text/event-stream");
    response.stream = std::move(answer->stream);
    return response;
  }
  if (!answer->take_over)
    return json_response(operation.status, answer->text.empty() ? to_text(answer->document)
                                                                : std::move(answer->text));
  http::ServerResponse response;
  response.status = 101;
  response.headers.emplace_back("Connection", "Upgrade");
  response.headers.emplace_back("Upgrade", "strongroom-lease/1");
  response.take_over = std::move(answer->take_over);
  return response;
}

/// The address without the port; of a Unix socket nothing.
std::string place_of(const io::Peer& peer) {
  return peer.unix_uid ? std::string() : peer.address.substr(0, peer.address.rfind(':'));
}

Status may_call(const vault::Actor& caller, const Operation& operation) {
  return operation.access == Access::Ticket ? Status() : caller.need(operation.right);
}

http::ServerResponse answer_of(const Operation& operation, Answer answer) {
  if (!answer) return to_response(answer.error());
  http::TextPairs headers = std::exchange(answer->headers, {});
  http::ServerResponse response = document_of(operation, std::move(answer));
  for (auto& each : headers) response.headers.push_back(std::move(each));
  return response;
}

http::ServerResponse no_operation(const Route& route) {
  if (route.allowed.empty())
    return http::error_response(404, "not_found", "no such operation", "see /api/v1/openapi.json");
  http::ServerResponse response =
      http::error_response(405, "method_not_allowed", "this path takes " + route.allowed);
  response.headers.emplace_back("Allow", route.allowed);
  return response;
}

}  // namespace

struct ControlServer::State {
  State(Parts parts, ControlOptions the_options, ControlHooks the_hooks)
      : options(std::move(the_options)),
        hooks(std::move(the_hooks)),
        worker(parts.loop),
        hasher(parts.loop),
        events(parts.loop),
        throttle(parts.loop.clock()),
        services{parts.loop, parts.vault, parts.record, parts.catalog, options,
                 hooks,      worker,      hasher,       events,        throttle},
        metrics(parts.metrics),
        tcp(parts.loop, [this](http::ServerRequest& request) { return handle(request); }),
        local(parts.loop, [this](http::ServerRequest& request) { return handle(request); }) {
    parts.vault.follow_sessions([this](const vault::SessionEvent& event) { events.add(event); });
  }
  ~State() { services.vault.follow_sessions(nullptr); }
  State(const State&) = delete;
  State& operator=(const State&) = delete;

  io::Task<http::ServerResponse> handle(http::ServerRequest& request);
  io::Task<http::ServerResponse> call_api(http::ServerRequest& request);
  io::Task<http::ServerResponse> call_and_count(http::ServerRequest& request, bool is_scim);
  static bool is_by_runner(const http::ServerRequest& request, const Route& route) {
    return route.operation != nullptr && route.operation->access == Access::Runner &&
           has_runner_credential(request);
  }
  Answer call_direct(http::ServerRequest& request, const Operation& operation, const Route& route,
                     vault::Actor actor);
  /// A ticket is nobody until it is claimed.
  Result<vault::Actor> caller_of(const http::ServerRequest& request, const Route& route) const;
  Call make_call(const Route& route, const http::ServerRequest& request, vault::Actor actor) const {
    return Call{services,
                std::move(actor),
                route.parameters,
                {},
                {},
                request.upgrade,
                credential_of(request),
                place_of(request.peer),
                std::string(cookie(request, kBrowserCookie)),
                std::string(cookie(request, kCeremonyCookie)),
                is_by_runner(request, route),
                std::string(request.header("last-event-id"))};
  }
  void count(std::string_view operation, int status) const {
    if (metrics != nullptr) metrics->count_request(operation, status);
  }

  ControlOptions options;
  ControlHooks hooks;
  Worker worker;
  Worker hasher;
  SessionEvents events;
  SignInThrottle throttle;
  Services services;
  Metrics* metrics;
  http::Server tcp;
  http::Server
      local;  ///< places of its own: who floods the port does not keep the owner from the socket
};

io::Task<http::ServerResponse> ControlServer::State::handle(http::ServerRequest& request) {
  if (const Status host = check_host(request, options); !host) {
    log(LogLevel::Warning, "control_refused",
        {{"why", host.error().reason}, {"peer", request.peer.address}});
    co_return api::to_response(host.error());
  }
  const bool is_scim = request.path.starts_with(kScimStart);
  if (!is_scim && !request.path.starts_with("/api/")) co_return serve_console(request);
  http::ServerResponse response = co_await call_and_count(request, is_scim);
  response.headers.emplace_back("Cache-Control", "no-store");
  response.headers.emplace_back("X-Content-Type-Options", "nosniff");
  co_return response;
}

/// What took something away is answered once that can no longer be put back unnoticed.
io::Task<http::ServerResponse> ControlServer::State::call_and_count(http::ServerRequest& request,
                                                                    bool is_scim) {
  const std::uint64_t before = hooks.counts_asked ? hooks.counts_asked() : 0;
  http::ServerResponse response =
      is_scim ? co_await serve_scim(services, request) : co_await call_api(request);
  if (is_scim) count("scim", response.status);
  const std::uint64_t asked = hooks.counts_asked ? hooks.counts_asked() : 0;
  if (asked == before || request.method == "GET") co_return response;
  const Status counted = co_await hooks.counted(asked);
  if (counted || response.status >= 400) co_return response;
  co_return api::to_response(counted.error());
}

/// A key's value is in the body for the time of this call only, and never in a coroutine.
Answer ControlServer::State::call_direct(http::ServerRequest& request, const Operation& operation,
                                         const Route& route, vault::Actor actor) {
  Call call = make_call(route, request, std::move(actor));
  STRONGROOM_CHECKED(read_query(request, operation, call));
  STRONGROOM_CHECKED(read_body(request, operation, call));
  return operation.direct(call);
}

/// Tickets and credentials of runners are looked at by the operations that take them.
Result<vault::Actor> ControlServer::State::caller_of(const http::ServerRequest& request,
                                                     const Route& route) const {
  const bool is_ticket = route.operation != nullptr && route.operation->access == Access::Ticket;
  if (!is_ticket && !is_by_runner(request, route))
    return find_caller(request, options, services.vault);
  STRONGROOM_CHECKED(check_site(request));
  return vault::Actor::in_tenant(is_ticket ? "ticket" : "runner", {});
}

io::Task<http::ServerResponse> ControlServer::State::call_api(http::ServerRequest& request) {
  const Route route = find_route(request.method, request.path);
  const Result<vault::Actor> caller = caller_of(request, route);
  if (!caller) {
    const Error& error = caller.error();
    log(LogLevel::Warning, "control_refused",
        {{"why", name_of(error.code)}, {"peer", request.peer.address}});
    count("none", status_of(error.code));
    co_return api::to_response(error);
  }
  if (route.operation == nullptr) {
    count("none", route.allowed.empty() ? 404 : 405);
    co_return no_operation(route);
  }
  const Operation& operation = *route.operation;
  http::ServerResponse response;
  // What a runner without other rights may is for the operation to say.
  const Status may = is_by_runner(request, route) ? Status() : may_call(*caller, operation);
  if (!may) {
    count(operation.name, status_of(may.error().code));
    co_return api::to_response(may.error());
  }
  if (operation.direct != nullptr) {
    Answer answer = call_direct(request, operation, route, *caller);
    if (answer && answer->rest) {
      const auto rest = std::move(answer->rest);
      answer = co_await rest();
    }
    response = answer_of(operation, std::move(answer));
  } else {
    Call call = make_call(route, request, *caller);
    Status is_read = read_query(request, operation, call);
    if (is_read) is_read = read_body(request, operation, call);
    if (!is_read) co_return api::to_response(is_read.error());
    Answer answer = co_await operation.waiting(call);
    response = answer_of(operation, std::move(answer));
  }
  count(operation.name, response.status);
  log(LogLevel::Debug, "control_call",
      {{"operation", operation.name}, {"status", response.status}});
  co_return response;
}

ControlServer::ControlServer(Parts parts, ControlOptions options, ControlHooks hooks)
    : state_(std::make_unique<State>(parts, std::move(options), std::move(hooks))) {}

ControlServer::~ControlServer() = default;

void ControlServer::start(int tcp_fd, int unix_fd) {
  if (tcp_fd >= 0) state_->tcp.listen(tcp_fd);
  if (unix_fd >= 0) state_->local.listen(unix_fd);
}

Status ControlServer::show_certificate(const io::Certificate& certificate) {
  STRONGROOM_TRY(auto tls, io::TlsServer::create(certificate));
  state_->tcp.offer_tls(std::make_shared<const io::TlsServer>(std::move(tls)));
  return {};
}

io::Task<void> ControlServer::stop(std::chrono::milliseconds within) {
  const SteadyTime begun = state_->services.loop.clock().steady();
  state_->events.end();
  state_->local.begin_stop();
  co_await state_->tcp.stop(within);
  const auto used = std::chrono::duration_cast<std::chrono::milliseconds>(
      state_->services.loop.clock().steady() - begun);
  co_await state_->local.stop(std::max(within - used, std::chrono::milliseconds(0)));
}

Secret make_operator_token() {
  constexpr std::string_view kStart = "sro_";
  const Secret octets = crypto::random_secret(32);
  std::string text = octets.reveal([](ByteView plain) { return to_base64url(plain); });
  text.insert(0, kStart);
  Secret token{bytes_of(text)};
  wipe(text.data(), text.size());
  return token;
}

}  // namespace strongroom::api
