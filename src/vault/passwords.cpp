// Passwords: what is kept of them, and whether one is right. SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>

#include "base/encoding.h"
#include "base/utf8.h"
#include "crypto/crypto.h"
#include "vault/sign_in.h"
#include "vault/state.h"

namespace strongroom::vault {
namespace {

constexpr std::size_t kSaltOctets = 16;

std::string cost_text(const crypto::Argon2Cost& cost) {
  return to_text(json::object{
      {"memory_kib", cost.memory_kib}, {"passes", cost.passes}, {"lanes", cost.lanes}});
}

/// Whatever is malformed reads as 0, which argon2id() refuses.
Result<crypto::Argon2Cost> cost_of(const std::string& text) {
  STRONGROOM_TRY(const auto parsed, parse_json(text));
  const auto number = [&](std::string_view name) -> std::uint32_t {
    const auto* value = parsed.is_object() ? parsed.get_object().if_contains(name) : nullptr;
    return value != nullptr && value->is_int64() ? static_cast<std::uint32_t>(value->get_int64())
                                                 : 0;
  };
  return crypto::Argon2Cost{number("memory_kib"), number("passes"), number("lanes")};
}

std::unexpected<Error> not_signed_in() {
  return fail(Code::Unauthorized, "That is not a member and password of this tenant.",
              "sign_in_refused");
}

}  // namespace

Status check_password(const Secret& password) {
  return password.reveal([](ByteView plain) -> Status {
    const std::string_view text = text_of(plain);
    if (!is_utf8(text) || plain.size() > kLongestPassword)
      return fail(Code::Invalid, "A password has at most 1024 octets of UTF-8.");
    const auto characters = std::ranges::count_if(
        text, [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; });
    if (static_cast<std::size_t>(characters) < kShortestPassword)
      return fail(Code::Invalid, "A password has at least 12 characters; several words are fine.",
                  "password_short");
    return {};
  });
}

/// Of what Argon2id made: useless without the vault's key.
ByteVector Vault::State::verifier_of(MemberId member, const Secret& derived) const {
  const ByteView purpose = bytes_of(std::string_view("strongroom password"));
  ByteVector message(purpose.begin(), purpose.end());
  const auto id = member.view();
  message.insert(message.end(), id.begin(), id.end());
  derived.reveal(
      [&](ByteView octets) { message.insert(message.end(), octets.begin(), octets.end()); });
  const auto made = crypto::hmac_sha256(password_key, message);
  wipe(message.data(), message.size());
  return {made.begin(), made.end()};
}

PasswordTask Vault::State::task_of_new_password(MemberId member) {
  PasswordTask task;
  task.member = member;
  task.salt.resize(kSaltOctets);
  crypto::random(task.salt);
  return task;
}

Status Vault::State::put_password_in_transaction(MemberId member, const PasswordTask& task,
                                                 const Secret& derived) {
  store::Password password;
  password.member = member;
  password.cost = cost_text(task.cost);
  password.salt = task.salt;
  password.verifier = verifier_of(member, derived);
  password.changed = now();
  STRONGROOM_TRY([[maybe_unused]] const int earlier,
                 store.erase<store::Password>({{"member", store::to_value(member)}}));
  return store.insert(password);
}

/// Never says who is known: the same is looked for, and computed, in every case.
Result<PasswordTask> Vault::begin_sign_in(std::string_view tenant_name,
                                          std::string_view member_name) {
  auto& state = *state_;
  PasswordTask task;
  task.salt.assign(kSaltOctets, 0);
  STRONGROOM_TRY(const auto tenant,
                 state.store.find<store::Tenant>({{"name", std::string(tenant_name)}}));
  const TenantId tenant_id = tenant && tenant->state == kActive ? tenant->id : TenantId();
  STRONGROOM_TRY(const auto member,
                 state.store.find<store::Member>({{"tenant", store::to_value(tenant_id)},
                                                  {"name", std::string(member_name)},
                                                  {"state", std::string(kActive)}}));
  const MemberId member_id = member ? member->id : MemberId();
  STRONGROOM_TRY(const auto password,
                 state.store.find<store::Password>({{"member", store::to_value(member_id)}}));
  if (!password) return task;
  task.member = member_id;
  task.salt = password->salt;
  STRONGROOM_TRY(task.cost, cost_of(password->cost));
  return task;
}

/// At this moment, as the password may have changed since, and the member may be gone.
Result<store::Member> Vault::State::proven_member(const PasswordTask& task, const Secret& derived) {
  if (!task.member) return not_signed_in();
  STRONGROOM_TRY(const auto member, by_id<store::Member>(*task.member));
  STRONGROOM_TRY(const auto password,
                 store.find<store::Password>({{"member", store::to_value(*task.member)}}));
  if (!member || member->state != kActive || !password || password->salt != task.salt ||
      !equal_constant_time(password->verifier, verifier_of(member->id, derived)))
    return not_signed_in();
  return *member;
}

Result<IssuedSignIn> Vault::finish_sign_in(const PasswordTask& task, const Secret& derived,
                                           const Secret& code, std::string_view from) {
  auto& state = *state_;
  STRONGROOM_TRY(const auto member, state.proven_member(task, derived));
  IssuedSignIn issued;
  STRONGROOM_CHECKED(state.commit([&]() -> Status {
    STRONGROOM_CHECKED(state.pass_second_factor(member.id, code));
    STRONGROOM_TRY(issued, state.make_sign_in(member.tenant, member.id, from));
    return state.act(Actor::installation("member " + member.id.text()), "member.sign_in",
                     about(member.tenant, member.id, issued.view.id.text()));
  }));
  return issued;
}

Result<OwnPassword> Vault::begin_own_password(const Actor& actor) {
  auto& state = *state_;
  STRONGROOM_TRY(const MemberId member, person_of(actor));
  OwnPassword change;
  STRONGROOM_TRY(change.tenant, state.tenant_name(actor.standing()->tenant));
  STRONGROOM_TRY(change.member, state.member_name(member));
  STRONGROOM_TRY(change.current, begin_sign_in(change.tenant, change.member));
  if (!change.current.member)
    return fail(Code::Conflict, "There is no password to change.", "no_password");
  change.next = State::task_of_new_password(member);
  return change;
}

Result<IssuedSignIn> Vault::change_password(const SignInHalves& asking, const OwnPassword& change,
                                            const Secret& current, const Secret& next,
                                            std::string_view from) {
  auto& state = *state_;
  IssuedSignIn issued;
  STRONGROOM_CHECKED(state.commit([&]() -> Status {
    STRONGROOM_TRY(const auto row, state.sign_in(asking));  // it may have ended meanwhile
    const auto member = state.proven_member(change.current, current);
    if (!member || member->id != row.member)
      return fail(Code::Refused, "That is not your password of now.", "password_wrong");
    const store::Where theirs{{"member", store::to_value(row.member)}};
    STRONGROOM_CHECKED(state.erase_sign_ins_in_transaction(theirs));
    STRONGROOM_TRY([[maybe_unused]] const int invitations,
                   state.store.erase<store::Invitation>(theirs));
    STRONGROOM_CHECKED(state.put_password_in_transaction(row.member, change.next, next));
    STRONGROOM_TRY(issued, state.make_sign_in(row.tenant, row.member, from));
    return state.act(Actor::installation("member " + row.member.text()), "member.password",
                     about(row.tenant, row.member, "changed"));
  }));
  STRONGROOM_CHECKED(state.anchoring.anchored());  // the earlier password is taken away
  return issued;
}

namespace {

constexpr std::size_t kMarkNonce = 22;  ///< 16 octets in base64url

std::string mark_of(const Secret& key, std::string_view nonce, std::string_view tenant,
                    std::string_view member) {
  // Each name has a length before it, so that no two pairs read alike.
  const std::string message = "strongroom browser " + std::string(nonce) + " " +
                              std::to_string(tenant.size()) + " " + std::string(tenant) +
                              std::string(member);
  return std::string(nonce) + to_base64url(crypto::hmac_sha256(key, bytes_of(message)));
}

}  // namespace

std::string Vault::browser_mark(std::string_view tenant, std::string_view member) const {
  std::array<std::uint8_t, 16> octets{};
  crypto::random(octets);
  return mark_of(state_->password_key, to_base64url(octets), tenant, member);
}

bool Vault::is_browser_of(std::string_view mark, std::string_view tenant,
                          std::string_view member) const {
  const std::string right =
      mark_of(state_->password_key, mark.substr(0, kMarkNonce), tenant, member);
  return equal_constant_time(crypto::sha256(bytes_of(mark)), crypto::sha256(bytes_of(right)));
}

/// In the record's words as well: of somebody who is not known nothing but that there was a try.
void Vault::note_refused_sign_ins(const PasswordTask& task, std::string_view from, unsigned times) {
  auto& state = *state_;
  audit::Act facts;
  if (task.member) {
    const auto member = state.by_id<store::Member>(*task.member);
    if (member && *member) facts = about((*member)->tenant, (*member)->id);
  }
  facts.outcome = "refused";
  facts.detail = std::to_string(times) + " wrong from " + std::string(from);
  (void)state.act(Actor::installation("nobody"), "member.sign_in", std::move(facts));
}

}  // namespace strongroom::vault
