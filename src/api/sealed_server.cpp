// SPDX-License-Identifier: Apache-2.0
#include "api/sealed_server.h"

#include "api/admission.h"
#include "api/console_files.h"
#include "api/errors.h"
#include "api/schema.h"
#include "base/log.h"
#include "base/wiping.h"
#include "http/server.h"

namespace strongroom::api {

struct SealedServer::State {
  State(io::Loop& loop, ControlOptions the_options, SealedHooks the_hooks)
      : options(std::move(the_options)),
        hooks(std::move(the_hooks)),
        tcp(loop, [this](http::ServerRequest& request) { return handle(request); }),
        local(loop, [this](http::ServerRequest& request) { return handle(request); }) {}

  io::Task<http::ServerResponse> handle(http::ServerRequest& request) { co_return answer(request); }
  http::ServerResponse answer(http::ServerRequest& request);
  http::ServerResponse show() const;
  Result<bool> unseal(http::ServerRequest& request) const;

  ControlOptions options;
  SealedHooks hooks;
  http::Server tcp;
  http::Server local;
};

namespace {

http::ServerResponse json_response(const json::object& document) {
  http::ServerResponse response;
  response.headers.emplace_back("Content-Type", "application/json");
  response.headers.emplace_back("Cache-Control", "no-store");
  response.body = to_text(document);
  return response;
}

}  // namespace

http::ServerResponse SealedServer::State::show() const {
  return json_response({{"version", STRONGROOM_VERSION},
                        {"seal", hooks.seals()},
                        {"seal_state", "sealed"},
                        {"waits_for", hooks.waits_for()}});
}

Result<bool> SealedServer::State::unseal(http::ServerRequest& request) const {
  STRONGROOM_TRY(const json::value body, parse_json_wiping(request.body.text()));
  request.body.reset();
  STRONGROOM_CHECKED(check_document(body, schema("Unseal")));
  const auto& object = body.get_object();
  const std::string kind = optional_string(object, "kind").value_or("");
  if (kind.empty()) return hooks.unseal(kind, Secret());
  STRONGROOM_TRY(Secret value, secret_member(object, "value"));
  return hooks.unseal(kind, std::move(value));
}

http::ServerResponse SealedServer::State::answer(http::ServerRequest& request) {
  Status admitted = check_host(request, options);
  // The console's files hold nothing of anybody; its page for this state is a way to unseal.
  if (admitted && !request.path.starts_with("/api/")) return serve_console(request);
  // Who signs in with a password is told why nobody can, rather than that it is wrong.
  const bool is_sign_in = request.path == "/api/v1/sign-in";
  if (admitted) admitted = is_sign_in ? check_site(request) : check_operator(request, options);
  if (!admitted) return to_response(admitted.error());
  if (request.method == "GET" && request.path == "/api/v1/installation") return show();
  if (request.method != "POST" || request.path != "/api/v1/unseal")
    return to_response(Error(Code::Sealed, "Strongroom is sealed. " + hooks.waits_for(), "sealed"));
  const auto done = unseal(request);
  if (!done) {
    log(LogLevel::Warning, "unseal_failed", {{"why", done.error().reason}});
    return to_response(done.error());
  }
  return json_response({{"seal_state", *done ? "open" : "sealed"},
                        {"waits_for", *done ? std::string() : hooks.waits_for()}});
}

SealedServer::SealedServer(io::Loop& loop, ControlOptions options, SealedHooks hooks)
    : state_(std::make_unique<State>(loop, std::move(options), std::move(hooks))) {}

SealedServer::~SealedServer() = default;

void SealedServer::start(int tcp_fd, int unix_fd) {
  state_->tcp.listen(tcp_fd);
  state_->local.listen(unix_fd);
}

void SealedServer::begin_stop() {
  state_->tcp.begin_stop();
  state_->local.begin_stop();
}

io::Task<void> SealedServer::stop(std::chrono::milliseconds within) {
  state_->tcp.begin_stop();
  co_await state_->local.stop(within);
  co_await state_->tcp.stop(std::chrono::milliseconds(0));
}

}  // namespace strongroom::api
