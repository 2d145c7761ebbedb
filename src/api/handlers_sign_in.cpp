// Signing in and out, and invitations. A password is hashed on a thread of its own: Argon2id takes
// a tenth of a second, and the loop renews leases meanwhile. It travels there in the closure and
// lives in no coroutine. SPDX-License-Identifier: Apache-2.0
#include <functional>
#include <memory>
#include <utility>

#include "api/admission.h"
#include "api/operations.h"
#include "api/views.h"
#include "base/wiping.h"

namespace strongroom::api {
namespace {

constexpr std::chrono::hours kBrowserKept{24 * 180};

using Derived = Result<std::shared_ptr<const Secret>>;

/// What goes to the thread, and what is done with what it made.
struct Hashing {
  Worker& worker;
  std::function<Derived()> work;
  std::function<Answer(const Derived&)> then;
};

io::Task<Answer> hash(std::shared_ptr<Hashing> hashing) {
  std::function<Derived()> work = std::move(hashing->work);
  const Derived derived = co_await hashing->worker.run(std::move(work));
  co_return hashing->then(derived);
}

Reply hashed(Call& call, Secret typed, const vault::PasswordTask& task,
             std::function<Answer(const Derived&)> then) {
  const auto password = std::make_shared<const Secret>(std::move(typed));
  auto work = [password, salt = task.salt, cost = task.cost]() -> Derived {
    STRONGROOM_TRY(Secret derived, crypto::argon2id(*password, salt, cost));
    return std::make_shared<const Secret>(std::move(derived));
  };
  Reply out;
  out.rest = [hashing = std::make_shared<Hashing>(
                  Hashing{call.services.hasher, std::move(work), std::move(then)})] {
    return hash(hashing);
  };
  return out;
}

SignInThrottle::Try try_of(const Call& call) {
  SignInThrottle::Try out;
  const std::string tenant = call.text("tenant");
  const std::string member = call.text("member");
  out.member = tenant + "\r" + member;
  out.is_known = call.services.vault.is_browser_of(call.browser, tenant, member);
  out.place = out.is_known ? "browser " + call.browser : "address " + call.from;
  return out;
}

/// SameSite=Strict: no page of another site's makes a browser send it.
std::pair<std::string, std::string> cookie_header(std::string_view name, std::string_view value,
                                                  std::chrono::seconds time) {
  return {"Set-Cookie", std::string(name) + "=" + std::string(value) +
                            "; Path=/; Secure; HttpOnly; SameSite=Strict; Max-Age=" +
                            std::to_string(time.count())};
}

Reply signed_in(vault::Vault& vault, const vault::IssuedSignIn& issued) {
  const auto& view = issued.view;
  Reply out;
  out.document = json::object{{"id", view.id.text()},
                              {"tenant", view.tenant},
                              {"member", view.member},
                              {"expires", to_rfc3339(view.expires)},
                              {"csrf_token", issued.page_half}};
  out.headers.push_back(cookie_header(kSignInCookie, issued.cookie, vault::kLongestSignIn));
  out.headers.push_back(
      cookie_header(kBrowserCookie, vault.browser_mark(view.tenant, view.member), kBrowserKept));
  return out;
}

/// Whether the password is right, once it has been hashed.
struct Attempt {
  const Services& services;
  vault::PasswordTask task;
  SignInThrottle::Try tried;
  std::string from;
  std::shared_ptr<const Secret> code;

  Answer operator()(const Derived& derived) const {
    services.throttle.end(tried);
    if (!derived) return std::unexpected(derived.error());
    const auto issued = services.vault.finish_sign_in(task, **derived, *code, from);
    if (issued) {
      services.throttle.note_right(tried);
      return signed_in(services.vault, *issued);
    }
    // Half of it was right: nothing was guessed yet.
    if (issued.error().reason == "code_needed") {
      services.throttle.forgive(tried);
      return std::unexpected(issued.error());
    }
    if (const unsigned wrong = services.throttle.note_wrong(tried); wrong > 0)
      services.vault.note_refused_sign_ins(task, from, wrong);
    return std::unexpected(issued.error());
  }
};

json::object to_json(const vault::SignInView& view) {
  return {{"id", view.id.text()},
          {"tenant", view.tenant},
          {"member", view.member},
          {"from", view.from},
          {"created", to_rfc3339(view.created)},
          {"seen", to_rfc3339(view.seen)},
          {"expires", to_rfc3339(view.expires)}};
}

}  // namespace

Answer sign_in(Call& call) {
  const auto& services = call.services;
  STRONGROOM_TRY(Secret typed, secret_member(call.body.get_object(), "password"));
  STRONGROOM_TRY(auto task, services.vault.begin_sign_in(call.text("tenant"), call.text("member")));
  Secret code;
  if (call.body.get_object().contains("code")) {
    STRONGROOM_TRY(code, secret_member(call.body.get_object(), "code"));
  }
  const SignInThrottle::Try tried = try_of(call);
  STRONGROOM_CHECKED(services.throttle.begin(tried));
  return hashed(
      call, std::move(typed), task,
      Attempt{services, task, tried, call.from, std::make_shared<const Secret>(std::move(code))});
}

Answer use_invitation(Call& call) {
  auto& vault = call.services.vault;
  STRONGROOM_TRY(const auto task, vault.begin_password(call.credential.bearer));
  STRONGROOM_TRY(Secret typed, secret_member(call.body.get_object(), "password"));
  STRONGROOM_CHECKED(vault::check_password(typed));
  const vault::NewTenant names{call.text("tenant"), call.text("member")};
  auto then = [&vault, task, names, invitation = call.credential.bearer,
               from = call.from](const Derived& derived) -> Answer {
    if (!derived) return std::unexpected(derived.error());
    STRONGROOM_TRY(const auto issued,
                   names.tenant.empty()
                       ? vault.set_password(invitation, task, **derived, from)
                       : vault.found_tenant(invitation, names, task, **derived, from));
    return signed_in(vault, issued);
  };
  return hashed(call, std::move(typed), task, std::move(then));
}

Answer sign_out(Call& call) {
  if (call.credential.sign_in)
    STRONGROOM_CHECKED(call.services.vault.sign_out(call.actor, *call.credential.sign_in));
  Reply out;
  out.headers.push_back(cookie_header(kSignInCookie, "", std::chrono::seconds(0)));
  return out;
}

Answer invite_member(Call& call) {
  STRONGROOM_TRY(const auto issued,
                 call.services.vault.invite(call.actor, call.text("tenant"), call.text("member")));
  Reply out;
  out.document = json::object{
      {"id", issued.view.id.text()},
      {"invitation", issued.invitation},
      {"link", call.services.options.console_url + "#/invitation/" + issued.invitation},
      {"expires", to_rfc3339(issued.view.expires)}};
  return out;
}

Answer show_invitation(Call& call) {
  STRONGROOM_TRY(const auto view, call.services.vault.show_invitation(call.credential.bearer));
  Reply out;
  json::object document{{"expires", to_rfc3339(view.expires)}};
  document["tenant"] = view.tenant.empty() ? json::value(nullptr) : json::value(view.tenant);
  document["member"] = view.member.empty() ? json::value(nullptr) : json::value(view.member);
  out.document = std::move(document);
  return out;
}

Answer list_sign_ins(Call& call) {
  STRONGROOM_TRY(const auto views,
                 call.services.vault.list_sign_ins(call.actor, call.parameter("tenant")));
  json::array list;
  for (const auto& each : views) list.emplace_back(to_json(each));
  Reply out;
  out.document = std::move(list);
  return out;
}

Answer end_sign_in(Call& call) {
  STRONGROOM_TRY(const SignInId id, SignInId::parse(call.path["id"]));
  STRONGROOM_CHECKED(call.services.vault.end_sign_in(call.actor, id));
  return Reply();
}

}  // namespace strongroom::api
