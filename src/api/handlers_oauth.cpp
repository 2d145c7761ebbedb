// Logins at services. Secrets go from the wiped body into a process of their own (LoginKeeper), and
// nowhere else; what is awaited afterwards holds none. SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "api/operations.h"
#include "api/views.h"
#include "base/wiping.h"
#include "crypto/crypto.h"

namespace strongroom::api {
namespace {

/// Whoever begins a login ends it: of a browser the sign-in, of others the token.
crypto::Digest bearer_of(const Call& call) {
  if (!call.credential.sign_in) return call.credential.bearer;
  return crypto::sha256(call.credential.sign_in->cookie, call.credential.sign_in->page);
}

io::Task<Answer> answer_later(LoginRest rest) {
  const auto done = co_await rest();
  if (!done) co_return std::unexpected(done.error());
  co_return reply(to_json(*done));
}

/// Of what was begun with the call's secrets.
Answer later(Result<LoginRest> begun) {
  if (!begun) return std::unexpected(std::move(begun).error());
  Reply out;
  out.rest = [rest = std::move(*begun)] { return answer_later(rest); };
  return out;
}

std::unexpected<Error> no_logins() {
  return fail(Code::Unavailable, "nobody can log in anywhere here");
}

/// Never made of what a request says of itself.
Result<std::string> redirect_of(const Call& call) {
  if (call.text("way") == "browser") return call.services.options.console_url + "oauth/callback";
  if (call.text("way") != "loopback") return std::string();
  const auto* port = call.body.get_object().if_contains("port");
  constexpr std::int64_t kLast = 65'535;
  if (port == nullptr || !port->is_int64() || port->get_int64() < 1024 || port->get_int64() > kLast)
    return fail(Code::Invalid, "'port' is 1024 to 65535");
  return "http://127.0.0.1:" + std::to_string(port->get_int64()) + "/callback";
}

io::Task<Answer> discover(const Services& services, vault::Actor actor, std::string name) {
  std::string asked = name;
  const Status done = co_await services.hooks.discover_client(std::move(asked));
  if (!done) co_return std::unexpected(done.error());
  const auto all = services.vault.list_oauth_clients(actor);
  if (!all) co_return std::unexpected(all.error());
  const auto found = std::ranges::find(*all, name, &vault::OAuthClientView::name);
  if (found == all->end()) co_return fail(Code::NotFound, "the client is gone");
  co_return reply(to_json(*found));
}

}  // namespace

Answer list_oauth_clients(Call& call) {
  STRONGROOM_TRY(const auto clients, call.services.vault.list_oauth_clients(call.actor));
  return reply(to_json_list(clients));
}

Answer set_oauth_client(Call& call) {
  vault::NewOAuthClient wanted{call.text("name"), call.text("service"), call.text("issuer"),
                               call.text("client_id"), call.texts("scopes")};
  const auto& body = call.body.get_object();
  Secret secret;
  if (body.contains("value")) {
    STRONGROOM_TRY(secret, secret_member(body, "value"));
  }
  STRONGROOM_TRY(const auto view, call.services.vault.set_oauth_client(call.actor, wanted, secret));
  if (view.issuer.empty()) return reply(to_json(view));
  if (!call.services.hooks.discover_client) return no_logins();
  Reply out;
  out.rest = [&services = call.services, actor = call.actor, name = view.name] {
    return discover(services, actor, name);
  };
  return out;
}

Answer remove_oauth_client(Call& call) {
  STRONGROOM_CHECKED(call.services.vault.remove_oauth_client(call.actor, call.path["name"]));
  return Reply();
}

Answer begin_login(Call& call) {
  vault::NewLogin wanted;
  wanted.client = call.text("client");
  wanted.tenant = call.text("tenant");
  wanted.member = call.text("member");
  wanted.settings = call.settings("settings");
  wanted.again = call.text("key");
  wanted.is_device = call.text("way") == "device";
  wanted.bearer = bearer_of(call);
  if (std::string label = call.text("label"); !label.empty()) wanted.label = std::move(label);
  STRONGROOM_TRY(wanted.redirect, redirect_of(call));
  const bool is_device = wanted.is_device;
  if (is_device && !call.services.hooks.begin_device) return no_logins();
  STRONGROOM_TRY(const auto begun, call.services.vault.begin_login(call.actor, std::move(wanted)));
  if (is_device) return later(call.services.hooks.begin_device(begun.id));
  vault::LoginView view;
  view.id = begun.id;
  view.state = "pending";
  view.expires = begun.expires;
  json::object document = to_json(view);
  document["url"] = begun.url;
  return reply(std::move(document));
}

Answer finish_login(Call& call) {
  if (!call.services.hooks.exchange_login) return no_logins();
  vault::LoginAnswer answer;
  answer.state = call.text("state");
  answer.issuer = call.text("iss");
  answer.error = call.text("error");
  answer.bearer = bearer_of(call);
  const auto& body = call.body.get_object();
  if (body.contains("value")) {
    STRONGROOM_TRY(answer.code, secret_member(body, "value"));
  }
  STRONGROOM_TRY(auto taken, call.services.vault.take_login(std::move(answer)));
  return later(call.services.hooks.exchange_login(std::move(taken)));
}

Answer poll_login(Call& call) {
  if (!call.services.hooks.poll_device) return no_logins();
  const std::string id = call.path["id"];
  STRONGROOM_TRY(const bool is_time, call.services.vault.begins_poll(id, bearer_of(call)));
  if (is_time) return later(call.services.hooks.poll_device(id));
  STRONGROOM_TRY(const auto view, call.services.vault.show_login(id, bearer_of(call)));
  return reply(to_json(view));
}

}  // namespace strongroom::api
