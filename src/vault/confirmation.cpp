// Somebody who is signed in shows again that it is them, before they add a way to come in.
//
// An unlocked browser that somebody else sits down at, or a sign-in that was stolen, is over at the
// latest after a week: a passkey or an account that was added with it would not be. That this was
// shown is kept in memory alone: after a restart it is asked for again.
// SPDX-License-Identifier: Apache-2.0
#include "vault/state.h"

namespace strongroom::vault {

Status Vault::State::need_recent_sign_in(const Actor& actor) {
  const auto& standing = actor.standing();
  if (!standing || !standing->sign_in)
    return fail(Code::Refused, "That is for who has signed in.", "sign_in_needed");
  STRONGROOM_TRY(const auto row, by_id<store::SignIn>(*standing->sign_in));
  const auto recent = std::chrono::microseconds(kRecentSignIn).count();
  if (row && now() - row->created < recent) return {};
  const auto shown = confirmed.find(*standing->sign_in);
  if (row && shown != confirmed.end() && clock.steady() - shown->second < kRecentSignIn) return {};
  return fail(Code::Refused,
              "Show again that it is you, by your password, a passkey or a code of your "
              "authenticator; or sign in anew. Then try again within 5 minutes.",
              "confirmation_needed");
}

void Vault::State::note_confirmed(SignInId sign_in) {
  const SteadyTime at = clock.steady();
  std::erase_if(confirmed, [&](const auto& each) { return at - each.second >= kRecentSignIn; });
  confirmed.insert_or_assign(sign_in, at);
}

Status Vault::confirm_by_password(const Actor& actor, const PasswordTask& task,
                                  const Secret& derived) {
  auto& state = *state_;
  STRONGROOM_TRY(const MemberId member, person_of(actor));
  const auto proven = state.proven_member(task, derived);
  if (!proven || proven->id != member)
    return fail(Code::Refused, "That is not your password of now.", "password_wrong");
  STRONGROOM_CHECKED(
      state.act(actor, "member.confirm", about(proven->tenant, member, "by the password")));
  state.note_confirmed(*actor.standing()->sign_in);
  return {};
}

/// Recovery codes are for the day on which the authenticator is lost.
Status Vault::confirm_by_code(const Actor& actor, const Secret& code) {
  auto& state = *state_;
  STRONGROOM_TRY(const MemberId member, person_of(actor));
  STRONGROOM_CHECKED(state.commit([&]() -> Status {
    STRONGROOM_TRY(auto row, state.second_factor(member));
    if (!row || row->confirmed == 0)
      return fail(Code::Conflict, "There is no second factor.", "no_second_factor");
    STRONGROOM_TRY(const bool is_right, state.takes_code(*row, code));
    if (!is_right)
      return fail(Code::Invalid, "That code is not right, or was used already: take the next one.",
                  "code_wrong");
    STRONGROOM_CHECKED(state.store.update(*row));
    return state.act(actor, "member.confirm", about(actor.standing()->tenant, member, "by a code"));
  }));
  state.note_confirmed(*actor.standing()->sign_in);
  return {};
}

}  // namespace strongroom::vault
