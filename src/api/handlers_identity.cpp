// Identity providers, signing in through one, and by which accounts a member is known there. The
// code goes from the wiped body into a process of its own (LoginKeeper), and nowhere else.
// SPDX-License-Identifier: Apache-2.0
#include <memory>

#include "api/operations.h"
#include "api/scim_documents.h"
#include "api/sign_in_reply.h"
#include "api/views.h"
#include "base/wiping.h"

namespace strongroom::api {
namespace {

/// What the provider's outcome comes to.
using Finish = std::function<Answer(const dynamic::Outcome&)>;

io::Task<Answer> awaited(std::function<io::Task<void>()> rest, std::shared_ptr<Answer> answer) {
  co_await rest();
  co_return std::move(*answer);
}

/// The job is handed over before this returns.
Answer ask(const Call& call, TenantId tenant, dynamic::Job job, Finish finish) {
  if (!call.services.hooks.ask_provider)
    return fail(Code::Unavailable, "no identity provider is asked here");
  auto answer = std::make_shared<Answer>(fail(Code::Unavailable, "nothing was answered"));
  auto note = [answer, finish = std::move(finish)](const dynamic::Outcome& outcome) {
    *answer = finish(outcome);
  };
  STRONGROOM_TRY(auto begun,
                 call.services.hooks.ask_provider(tenant, std::move(job), std::move(note)));
  Reply out;
  out.rest = [begun = std::move(begun), answer] { return awaited(begun, answer); };
  return out;
}

/// Never made of what a request says of itself.
std::string redirect_of(const ControlOptions& options) {
  return options.console_url + "sign-in/callback";
}

json::object document_of(const vault::IdentityProviderView& view, const ControlOptions& options) {
  json::object document = to_json(view);
  document["redirect_uri"] = redirect_of(options);
  return document;
}

/// Its issuer, from which what it answers with follows.
Answer discover(const Call& call, const vault::IdentityProviderView& view) {
  STRONGROOM_TRY(auto wanted, call.services.vault.identity_discovery_of(view.id));
  return ask(call, wanted.tenant, std::move(wanted.job),
             [&services = call.services, actor = call.actor, id = view.id, tenant = view.tenant,
              name = view.name](const dynamic::Outcome& outcome) -> Answer {
               STRONGROOM_CHECKED(services.vault.note_identity_discovered(id, outcome));
               STRONGROOM_TRY(const auto now,
                              services.vault.show_identity_provider(actor, tenant, name));
               return reply(document_of(now, services.options));
             });
}

/// Whatever the issuer says, the table holds: whom it provisions has the role that it gives now.
io::Task<Answer> followed(vault::Vault& vault, IdentityProviderId id,
                          std::shared_ptr<Answer> asked) {
  const Status done = co_await vault.follow_provisioned(id);
  if (!done) co_return std::unexpected(done.error());
  if (!*asked || !(*asked)->rest) co_return std::move(*asked);
  const auto rest = std::move((*asked)->rest);
  co_return co_await rest();
}

Result<vault::IdentityAnswer> answer_in(const Call& call, const crypto::Digest& browser) {
  vault::IdentityAnswer answer;
  answer.state = call.text("state");
  answer.issuer = call.text("iss");
  answer.error = call.text("error");
  answer.browser = browser;
  const auto& body = call.body.get_object();
  if (body.contains("value")) {
    STRONGROOM_TRY(answer.code, secret_member(body, "value"));
  }
  return answer;
}

/// Who guesses has come in at the provider already; its account alone is slowed down.
Answer finish_with_code(const Call& call) {
  auto& services = call.services;
  STRONGROOM_TRY(const Secret code, secret_member(call.body.get_object(), "code"));
  const auto browser = browser_of(call);
  const std::string who = services.vault.who_owes_a_code(call.text("state"), browser);
  const SignInThrottle::Try tried{"identity " + who, "address " + call.from, false};
  if (!who.empty()) STRONGROOM_CHECKED(services.throttle.begin(tried));
  const auto issued = services.vault.finish_with_code(call.text("state"), browser, code, call.from);
  if (!who.empty()) {
    services.throttle.end(tried);
    if (issued)
      services.throttle.note_right(tried);
    else
      (void)services.throttle.note_wrong(tried);
  }
  if (!issued) return std::unexpected(issued.error());
  return signed_in(services.vault, *issued);
}

}  // namespace

Answer list_identity_providers(Call& call) {
  STRONGROOM_TRY(const auto views,
                 call.services.vault.list_identity_providers(call.actor, call.parameter("tenant")));
  json::array list;
  for (const auto& each : views) list.emplace_back(document_of(each, call.services.options));
  return reply(std::move(list));
}

Answer set_identity_provider(Call& call) {
  const vault::NewIdentityProvider wanted{
      call.text("tenant"),    call.text("name"),       call.text("issuer"),
      call.text("client_id"), call.texts("scopes"),    call.text("groups_claim"),
      call.settings("roles"), call.text("other_role"), call.texts("domains")};
  const auto& body = call.body.get_object();
  Secret secret;
  if (body.contains("value")) {
    STRONGROOM_TRY(secret, secret_member(body, "value"));
  }
  STRONGROOM_TRY(const auto view,
                 call.services.vault.set_identity_provider(call.actor, wanted, secret));
  auto asked = std::make_shared<Answer>(discover(call, view));
  Reply out;
  out.rest = [&vault = call.services.vault, id = view.id, asked] {
    return followed(vault, id, asked);
  };
  return out;
}

Answer check_identity_provider(Call& call) {
  STRONGROOM_TRY(const auto view, call.services.vault.show_identity_provider(
                                      call.actor, call.parameter("tenant"), call.path["name"]));
  return discover(call, view);
}

Answer remove_identity_provider(Call& call) {
  STRONGROOM_CHECKED(call.services.vault.remove_identity_provider(
      call.actor, call.parameter("tenant"), call.path["name"]));
  return Reply();
}

Answer begin_provisioning(Call& call) {
  STRONGROOM_TRY(const auto issued, call.services.vault.begin_provisioning(
                                        call.actor, call.parameter("tenant"), call.path["name"]));
  return reply(json::object{{"tenant", issued.tenant},
                            {"provider", issued.provider},
                            {"url", scim_base(call.services.options.console_url)},
                            {"token", issued.token}});
}

Answer end_provisioning(Call& call) {
  STRONGROOM_CHECKED(call.services.vault.end_provisioning(call.actor, call.parameter("tenant"),
                                                          call.path["name"]));
  return Reply();
}

Answer begin_provider_sign_in(Call& call) {
  Reply out;
  const auto browser = new_browser(out);
  STRONGROOM_TRY(const auto url, call.services.vault.begin_provider_sign_in(
                                     call.text("tenant"), call.text("provider"), browser,
                                     redirect_of(call.services.options)));
  out.document = json::object{{"url", url}};
  return out;
}

Answer sign_in_by_provider(Call& call) {
  if (call.body.get_object().contains("code")) return finish_with_code(call);
  STRONGROOM_TRY(auto answer, answer_in(call, browser_of(call)));
  STRONGROOM_TRY(auto taken, call.services.vault.take_identity(
                                 std::move(answer), redirect_of(call.services.options), {}));
  return ask(call, taken.tenant, std::move(taken.job),
             [&services = call.services, attempt = taken.attempt,
              from = call.from](const dynamic::Outcome& outcome) -> Answer {
               STRONGROOM_TRY(const auto issued,
                              services.vault.finish_provider_sign_in(attempt, outcome, from));
               return signed_in(services.vault, issued);
             });
}

/// Of a server that nobody here knows yet: who sends tokens that are none is slowed down, and what
/// all of it may cost is bounded as for sign-ins, apart from them (LoginKeeper).
Answer log_out_by_provider(Call& call) {
  const std::string text = call.text("logout_token");
  STRONGROOM_TRY(auto taken,
                 call.services.vault.take_logout(call.path["tenant"], call.path["provider"],
                                                 Secret(bytes_of(std::string_view(text)))));
  const SignInThrottle::Try tried{"logout " + taken.provider.text(), "address " + call.from, true};
  STRONGROOM_CHECKED(call.services.throttle.begin(tried));
  call.services.throttle.end(tried);  // nothing is hashed here
  return ask(call, taken.tenant, std::move(taken.job),
             [&services = call.services, provider = taken.provider,
              tried](const dynamic::Outcome& outcome) -> Answer {
               const auto ended = services.vault.finish_logout(provider, outcome);
               if (ended)
                 services.throttle.note_right(tried);
               else if (ended.error().reason == "logout_refused")
                 (void)services.throttle.note_wrong(tried);
               else
                 services.throttle.forgive(tried);
               if (!ended) return std::unexpected(ended.error());
               return Reply();
             });
}

Answer list_identities(Call& call) {
  STRONGROOM_TRY(const auto views,
                 call.services.vault.list_identities(call.actor, call.parameter("tenant")));
  return reply(to_json_list(views));
}

Answer begin_identity(Call& call) {
  STRONGROOM_TRY(const auto browser, signed_in_browser(call));
  STRONGROOM_TRY(const auto url,
                 call.services.vault.begin_identity(call.actor, call.text("provider"), browser,
                                                    redirect_of(call.services.options)));
  return reply(json::object{{"url", url}});
}

Answer add_identity(Call& call) {
  STRONGROOM_TRY(const auto browser, signed_in_browser(call));
  STRONGROOM_TRY(auto answer, answer_in(call, browser));
  STRONGROOM_TRY(auto taken,
                 call.services.vault.take_identity(std::move(answer),
                                                   redirect_of(call.services.options), call.actor));
  return ask(call, taken.tenant, std::move(taken.job),
             [&services = call.services, attempt = taken.attempt,
              actor = call.actor](const dynamic::Outcome& outcome) -> Answer {
               STRONGROOM_TRY(const auto view,
                              services.vault.add_identity(actor, attempt, outcome));
               return reply(to_json(view));
             });
}

Answer remove_identity(Call& call) {
  STRONGROOM_TRY(const IdentityId id, IdentityId::parse(call.path["id"]));
  STRONGROOM_CHECKED(call.services.vault.remove_identity(call.actor, id));
  return Reply();
}

}  // namespace strongroom::api
