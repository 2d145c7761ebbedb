// Passkeys: rows and rules. SPDX-License-Identifier: Apache-2.0
#include "vault/passkeys.h"

#include <algorithm>

#include "base/utf8.h"
#include "crypto/crypto.h"
#include "crypto/verifying_key.h"
#include "vault/sign_in.h"
#include "vault/state.h"
#include "vault/webauthn.h"

namespace strongroom::vault {
namespace {

constexpr std::size_t kLongestName = 64;

store::Where of_member(MemberId member) {
  return {{"member", store::to_value(member)}};
}

Status check_name(std::string_view name) {
  const bool is_plain = std::ranges::none_of(
      name, [](char each) { return static_cast<unsigned char>(each) < 0x20U || each == '\x7f'; });
  if (!name.empty() && name.size() <= kLongestName && is_plain && is_utf8(name)) return {};
  return fail(Code::Invalid, "A passkey's name has 1 to 64 octets, without control characters.");
}

std::unexpected<Error> not_asked() {
  return fail(Code::Invalid,
              "The passkey is not taken: it answers nothing that was asked of this browser, or too "
              "late. Try again.",
              "passkey_refused");
}

/// Of every try, whatever is wrong with it.
std::unexpected<Error> not_signed_in() {
  return fail(Code::Unauthorized, "That passkey lets nobody in here.", "sign_in_refused");
}

/// An invitation's challenge is that invitation's.
crypto::Digest browser_of(const crypto::Digest& invitation, const crypto::Digest& browser) {
  return crypto::sha256(invitation, browser);
}

}  // namespace

Result<std::vector<ByteVector>> Vault::State::credentials_of(MemberId member) {
  STRONGROOM_TRY(const auto rows, store.list<store::Passkey>(of_member(member)));
  std::vector<ByteVector> out;
  for (const auto& row : rows) out.push_back(row.credential);
  return out;
}

/// What was made for a challenge of ours; it is good no more.
Result<Vault::State::Registered> Vault::State::registered(Ceremony ceremony,
                                                          const crypto::Digest& browser,
                                                          const RelyingParty& party,
                                                          const NewPasskey& made,
                                                          const std::optional<MemberId>& expected) {
  STRONGROOM_CHECKED(check_name(made.name));
  STRONGROOM_TRY(const auto challenge, challenge_of(made.client_data));
  const auto member = challenges.check(challenge, ceremony, browser);
  if (!member || (expected && *member != *expected)) return not_asked();
  STRONGROOM_TRY(auto credential, read_registration(party, made));
  challenges.use(challenge);
  return Registered{*member, std::move(credential)};
}

Result<store::Passkey> Vault::State::put_passkey_in_transaction(
    const store::Member& member, const RegisteredCredential& credential, std::string_view name) {
  STRONGROOM_TRY(const auto known, store.find<store::Passkey>({{"credential", credential.id}}));
  if (known) return fail(Code::Conflict, "This passkey is known here already.", "passkey_known");
  STRONGROOM_TRY(const auto rows, store.count<store::Passkey>(of_member(member.id)));
  if (static_cast<std::size_t>(rows) >= kMostPasskeys)
    return fail(Code::Conflict, "A member has at most 20 passkeys: remove one that is not used.",
                "too_many_passkeys");
  store::Passkey row;
  row.id = crypto::random_id<PasskeyId>();
  row.tenant = member.tenant;
  row.member = member.id;
  row.name = name;
  row.credential = credential.id;
  row.public_key = credential.public_key;
  row.counter = credential.facts.counter;
  row.may_sync = credential.facts.may_sync ? 1 : 0;
  row.created = now();
  STRONGROOM_CHECKED(store.insert(row));
  return row;
}

PasskeyView Vault::State::view(const store::Passkey& row) {
  return {row.id, row.name, row.may_sync != 0, from_micros(row.created),
          from_micros(row.last_used)};
}

// ------------------------------------------------------------------------------------------------
// by who has signed in

Result<std::vector<PasskeyView>> Vault::list_passkeys(const Actor& actor) {
  std::vector<PasskeyView> views;
  if (!actor.standing() || !actor.standing()->member) return views;
  STRONGROOM_TRY(auto rows,
                 state_->store.list<store::Passkey>(of_member(*actor.standing()->member)));
  std::ranges::sort(rows, {}, &store::Passkey::created);
  for (const auto& row : rows) views.push_back(State::view(row));
  return views;
}

Result<PasskeyRequest> Vault::begin_passkey(const Actor& actor, const crypto::Digest& browser) {
  STRONGROOM_TRY(const MemberId member, person_of(actor));
  STRONGROOM_CHECKED(state_->need_recent_sign_in(actor));
  PasskeyRequest request;
  request.challenge = state_->challenges.make(Ceremony::Add, member, browser);
  request.user.assign(member.bytes().begin(), member.bytes().end());
  STRONGROOM_TRY(request.there_are, state_->credentials_of(member));
  return request;
}

Result<PasskeyView> Vault::add_passkey(const Actor& actor, const crypto::Digest& browser,
                                       const RelyingParty& party, const NewPasskey& made) {
  auto& state = *state_;
  STRONGROOM_TRY(const MemberId id, person_of(actor));
  STRONGROOM_TRY(const auto registered, state.registered(Ceremony::Add, browser, party, made, id));
  PasskeyView added;
  STRONGROOM_CHECKED(state.commit([&]() -> Status {
    STRONGROOM_TRY(const auto member, state.by_id<store::Member>(id));
    if (!member || member->state != kActive) return not_signed_in();
    STRONGROOM_TRY(const auto row,
                   state.put_passkey_in_transaction(*member, registered.credential, made.name));
    added = State::view(row);
    return state.act(actor, "passkey.add", about(member->tenant, id, row.id.text()));
  }));
  return added;
}

Status Vault::remove_passkey(const Actor& actor, PasskeyId id) {
  auto& state = *state_;
  STRONGROOM_TRY(const MemberId member, person_of(actor));
  STRONGROOM_CHECKED(state.commit([&]() -> Status {
    STRONGROOM_TRY(const auto row, state.by_id<store::Passkey>(id));
    if (!row || row->member != member)
      return fail(Code::NotFound, "There is no passkey " + id.text() + ".");
    STRONGROOM_TRY(const auto password, state.store.find<store::Password>(of_member(member)));
    STRONGROOM_TRY(const auto rows, state.store.count<store::Passkey>(of_member(member)));
    if (!password && rows == 1)
      return fail(Code::Conflict,
                  "It is your only way in: add another passkey before you remove this one.",
                  "last_way_in");
    STRONGROOM_TRY([[maybe_unused]] const int gone,
                   state.store.erase<store::Passkey>({{"id", store::to_value(id)}}));
    return state.act(actor, "passkey.remove", about(row->tenant, member, id.text()));
  }));
  return state.anchoring.anchored();
}

// ------------------------------------------------------------------------------------------------
// ways in

ByteVector Vault::begin_passkey_sign_in(const crypto::Digest& browser) {
  return state_->challenges.make(Ceremony::SignIn, {}, browser);
}

/// Everything but the challenge, which is looked at before.
Result<store::Passkey> Vault::State::asserted_in_transaction(const RelyingParty& party,
                                                             const PasskeyAssertion& answer,
                                                             std::optional<audit::Act>& copied) {
  STRONGROOM_TRY(auto row, store.find<store::Passkey>({{"credential", answer.credential}}));
  if (!row || !std::ranges::equal(answer.user, row->member.view())) return not_signed_in();
  STRONGROOM_TRY(const auto member, by_id<store::Member>(row->member));
  STRONGROOM_TRY(const auto tenant, by_id<store::Tenant>(row->tenant));
  if (!member || member->state != kActive || !tenant || tenant->state != kActive)
    return not_signed_in();
  const auto facts = check_assertion(party, answer, row->public_key);
  if (!facts || facts->may_sync != (row->may_sync != 0)) return not_signed_in();
  // One that counts has counted on, or somebody has a copy of it.
  if ((facts->counter != 0 || row->counter != 0) && facts->counter <= row->counter) {
    copied = about(row->tenant, row->member, row->id.text() + " counted back: copied?");
    return not_signed_in();
  }
  row->counter = facts->counter;
  row->last_used = now();
  STRONGROOM_CHECKED(store.update(*row));
  return std::move(*row);
}

Result<IssuedSignIn> Vault::State::sign_in_in_transaction(const RelyingParty& party,
                                                          const PasskeyAssertion& answer,
                                                          std::string_view from,
                                                          std::optional<audit::Act>& copied) {
  STRONGROOM_TRY(const auto row, asserted_in_transaction(party, answer, copied));
  STRONGROOM_TRY(auto issued, make_sign_in(row.tenant, row.member, from));
  STRONGROOM_CHECKED(
      act(Actor::installation("member " + row.member.text()), "member.sign_in",
          about(row.tenant, row.member, issued.view.id.text() + " by " + row.id.text())));
  return issued;
}

Result<ByteVector> Vault::begin_passkey_confirmation(const Actor& actor,
                                                     const crypto::Digest& browser) {
  STRONGROOM_TRY(const MemberId member, person_of(actor));
  return state_->challenges.make(Ceremony::Confirm, member, browser);
}

Status Vault::confirm_by_passkey(const Actor& actor, const crypto::Digest& browser,
                                 const RelyingParty& party, const PasskeyAssertion& answer) {
  auto& state = *state_;
  STRONGROOM_TRY(const MemberId member, person_of(actor));
  const auto refused = [] {
    return fail(Code::Invalid, "That is no passkey of yours, or it came too late: try again.",
                "confirmation_refused");
  };
  const auto challenge = challenge_of(answer.client_data);
  if (!challenge || state.challenges.check(*challenge, Ceremony::Confirm, browser) != member)
    return refused();
  state.challenges.use(*challenge);
  std::optional<audit::Act> copied;
  const Status done = state.commit([&]() -> Status {
    const auto row = state.asserted_in_transaction(party, answer, copied);
    if (!row || row->member != member) return refused();
    return state.act(actor, "member.confirm", about(row->tenant, member, "by " + row->id.text()));
  });
  if (copied) {
    copied->outcome = "refused";
    (void)state.act(Actor::installation("nobody"), "member.confirm", std::move(*copied));
  }
  STRONGROOM_CHECKED(done);
  state.note_confirmed(*actor.standing()->sign_in);
  return {};
}

Result<IssuedSignIn> Vault::sign_in_by_passkey(const crypto::Digest& browser,
                                               const RelyingParty& party,
                                               const PasskeyAssertion& answer,
                                               std::string_view from) {
  auto& state = *state_;
  const auto challenge = challenge_of(answer.client_data);
  if (!challenge || !state.challenges.check(*challenge, Ceremony::SignIn, browser))
    return not_signed_in();
  IssuedSignIn issued;
  std::optional<audit::Act> copied;
  const Status done = state.commit([&]() -> Status {
    STRONGROOM_TRY(issued, state.sign_in_in_transaction(party, answer, from, copied));
    return {};
  });
  if (copied) {
    copied->outcome = "refused";
    (void)state.act(Actor::installation("nobody"), "member.sign_in", std::move(*copied));
  }
  if (done || copied) state.challenges.use(*challenge);
  if (!done) return std::unexpected(done.error());
  return issued;
}

Result<PasskeyRequest> Vault::begin_invited_passkey(const crypto::Digest& invitation,
                                                    const crypto::Digest& browser) {
  STRONGROOM_TRY(const auto task, begin_password(invitation));
  PasskeyRequest request;
  request.challenge =
      state_->challenges.make(Ceremony::Invited, *task.member, browser_of(invitation, browser));
  request.user.assign(task.member->bytes().begin(), task.member->bytes().end());
  return request;
}

Result<IssuedSignIn> Vault::use_invitation_by_passkey(
    const crypto::Digest& invitation, const NewTenant& names, const crypto::Digest& browser,
    const RelyingParty& party, const NewPasskey& made, std::string_view from) {
  auto& state = *state_;
  STRONGROOM_CHECKED(begin_password(invitation));
  STRONGROOM_TRY(const auto registered,
                 state.registered(Ceremony::Invited, browser_of(invitation, browser), party, made));
  const State::WayIn way{
      "member.passkey", [&](const store::Member& member) -> Result<std::string> {
        STRONGROOM_TRY(const auto row,
                       state.put_passkey_in_transaction(member, registered.credential, made.name));
        return row.id.text();
      }};
  return names.tenant.empty() ? state.take_invitation(invitation, registered.member, way, from)
                              : state.found_tenant(invitation, names, registered.member, way, from);
}

}  // namespace strongroom::vault
