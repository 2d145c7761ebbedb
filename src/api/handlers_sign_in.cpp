// Signing in and out, one's own password, and invitations. SPDX-License-Identifier: Apache-2.0
#include <memory>
#include <utility>

#include "api/password_hashing.h"
#include "api/sign_in_reply.h"
#include "api/views.h"
#include "base/wiping.h"

namespace strongroom::api {
namespace {

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
    const auto issued = services.vault.finish_sign_in(task, (*derived)->front(), *code, from);
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

/// The same for a change of one's own password: who came by a browser that is not theirs guesses
/// no faster here than at the way in.
struct Change {
  const Services& services;
  vault::SignInHalves asking;
  vault::OwnPassword change;
  SignInThrottle::Try tried;
  std::string from;

  Answer operator()(const Derived& derived) const {
    services.throttle.end(tried);
    if (!derived) return std::unexpected(derived.error());
    const auto issued = services.vault.change_password(asking, change, (*derived)->front(),
                                                       (*derived)->back(), from);
    if (issued) {
      services.throttle.note_right(tried);
      return signed_in(services.vault, *issued);
    }
    if (issued.error().reason != "password_wrong") {
      services.throttle.forgive(tried);
    } else if (const unsigned wrong = services.throttle.note_wrong(tried); wrong > 0) {
      services.vault.note_refused_sign_ins(change.current, from, wrong);
    }
    return std::unexpected(issued.error());
  }
};

/// That it is them, again: guessed no faster than at the way in.
struct Confirmation {
  const Services& services;
  vault::Actor actor;
  vault::PasswordTask task;
  SignInThrottle::Try tried;
  std::string from;

  Answer operator()(const Derived& derived) const {
    services.throttle.end(tried);
    if (!derived) return std::unexpected(derived.error());
    const auto confirmed = services.vault.confirm_by_password(actor, task, (*derived)->front());
    if (confirmed) {
      services.throttle.note_right(tried);
      return Reply();
    }
    if (confirmed.error().reason != "password_wrong") {
      services.throttle.forgive(tried);
    } else if (const unsigned wrong = services.throttle.note_wrong(tried); wrong > 0) {
      services.vault.note_refused_sign_ins(task, from, wrong);
    }
    return std::unexpected(confirmed.error());
  }
};

Answer confirm_by_password(Call& call, Secret typed) {
  const auto& services = call.services;
  STRONGROOM_TRY(auto own, services.vault.begin_own_password(call.actor));
  const SignInThrottle::Try tried = try_of(call, own.tenant, own.member);
  STRONGROOM_CHECKED(services.throttle.begin(tried));
  return hashed(call, std::move(typed), own.current,
                Confirmation{services, call.actor, own.current, tried, call.from});
}

Answer confirm_by_code(Call& call, const Secret& code) {
  const auto& services = call.services;
  const SignInThrottle::Try tried{"code of " + call.actor.name(), "address " + call.from, false};
  STRONGROOM_CHECKED(services.throttle.begin(tried));
  const Status confirmed = services.vault.confirm_by_code(call.actor, code);
  services.throttle.end(tried);
  if (confirmed)
    services.throttle.note_right(tried);
  else if (confirmed.error().reason == "code_wrong")
    (void)services.throttle.note_wrong(tried);
  else
    services.throttle.forgive(tried);
  STRONGROOM_CHECKED(confirmed);
  return Reply();
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
  const SignInThrottle::Try tried = try_of(call, call.text("tenant"), call.text("member"));
  STRONGROOM_CHECKED(services.throttle.begin(tried));
  return hashed(
      call, std::move(typed), task,
      Attempt{services, task, tried, call.from, std::make_shared<const Secret>(std::move(code))});
}

Answer change_password(Call& call) {
  const auto& services = call.services;
  STRONGROOM_TRY(Secret current, secret_member(call.body.get_object(), "current_password"));
  STRONGROOM_TRY(Secret next, secret_member(call.body.get_object(), "password"));
  STRONGROOM_CHECKED(vault::check_password(next));
  STRONGROOM_TRY(auto change, services.vault.begin_own_password(call.actor));
  if (!call.credential.sign_in)
    return fail(Code::Refused, "That is for who has signed in.", "sign_in_needed");
  const SignInThrottle::Try tried = try_of(call, change.tenant, change.member);
  STRONGROOM_CHECKED(services.throttle.begin(tried));
  std::vector<TypedPassword> both;
  both.push_back({std::move(current), change.current});
  both.push_back({std::move(next), change.next});
  return hashed(call, std::move(both),
                Change{services, *call.credential.sign_in, std::move(change), tried, call.from});
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
                   vault.use_invitation(invitation, names, task, (*derived)->front(), from));
    return signed_in(vault, issued);
  };
  return hashed(call, std::move(typed), task, std::move(then));
}

/// The provider sends the browser back to the console, and nowhere else.
Answer sign_out(Call& call) {
  Reply out = signed_out();
  json::object document{{"url", nullptr}, {"state", nullptr}};
  if (call.credential.sign_in) {
    STRONGROOM_TRY(const auto logout,
                   call.services.vault.sign_out(call.actor, *call.credential.sign_in,
                                                call.services.options.console_url));
    if (logout) document = {{"url", logout->url}, {"state", logout->state}};
  }
  out.document = std::move(document);
  return out;
}

Answer confirm_sign_in(Call& call) {
  const auto& body = call.body.get_object();
  const bool has_password = body.contains("password");
  if (has_password == body.contains("code"))
    return fail(Code::Invalid, "give your password, or a code of your second factor");
  if (!call.credential.sign_in)
    return fail(Code::Refused, "That is for who has signed in.", "sign_in_needed");
  STRONGROOM_TRY(Secret typed, secret_member(body, has_password ? "password" : "code"));
  return has_password ? confirm_by_password(call, std::move(typed)) : confirm_by_code(call, typed);
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
  return reply(to_json_list(views));
}

Answer end_sign_in(Call& call) {
  STRONGROOM_TRY(const SignInId id, SignInId::parse(call.path["id"]));
  STRONGROOM_CHECKED(call.services.vault.end_sign_in(call.actor, id));
  return Reply();
}

}  // namespace strongroom::api
