// SPDX-License-Identifier: Apache-2.0
#include "vault/second_factor.h"

#include <algorithm>
#include <functional>

#include "base/encoding.h"
#include "crypto/crypto.h"
#include "vault/credentials.h"
#include "vault/sign_in.h"
#include "vault/state.h"

namespace strongroom::vault {
namespace {

constexpr std::size_t kSecretOctets = 20;
constexpr std::size_t kHashOctets = 32;
constexpr std::int64_t kMicrosASecond = 1'000'000;

std::string place_of(MemberId member) {
  return "second factor " + member.text();
}

/// RFC 4648 without padding, as applications take it; whole groups of five octets.
std::string to_base32(ByteView octets) {
  constexpr std::string_view kAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
  std::string out;
  std::uint64_t bits = 0;
  unsigned count = 0;
  for (const std::uint8_t octet : octets) {
    bits = (bits << 8U) | octet;
    for (count += 8; count >= 5; count -= 5) out += kAlphabet[(bits >> (count - 5)) & 0x1FU];
  }
  return out;
}

/// Six digits, blanks between them allowed; anything else is no code.
std::optional<std::uint32_t> number_of(const Secret& code) {
  return code.reveal([](ByteView plain) -> std::optional<std::uint32_t> {
    std::uint32_t number = 0;
    std::size_t digits = 0;
    for (const char each : text_of(plain)) {
      if (each == ' ') continue;
      if (each < '0' || each > '9' || ++digits > 6) return std::nullopt;
      number = number * 10 + static_cast<std::uint32_t>(each - '0');
    }
    return digits == 6 ? std::optional(number) : std::nullopt;
  });
}

std::unexpected<Error> wrong_code() {
  return fail(Code::Invalid, "That code is not right, or was used already: take the next one.",
              "code_wrong");
}

}  // namespace

Result<std::optional<store::SecondFactor>> Vault::State::second_factor(MemberId member) {
  return store.find<store::SecondFactor>({{"member", store::to_value(member)}});
}

/// Right now, and not used before: notes the step, so that it is good no more.
Result<bool> Vault::State::takes_code(store::SecondFactor& row, const Secret& code) {
  STRONGROOM_TRY(const Secret secret, hierarchy.open_own(place_of(row.member), row.secret));
  const auto typed = number_of(code);
  if (!typed) return false;
  const std::int64_t now_step = now() / (kCodeSeconds * kMicrosASecond);
  for (std::int64_t step = now_step - kCodeSteps; step <= now_step + kCodeSteps; ++step) {
    if (step <= row.last_step) continue;
    if (crypto::hotp(secret, static_cast<std::uint64_t>(step)) % kCodes != *typed) continue;
    row.last_step = step;
    return true;
  }
  return false;
}

/// Takes it from those that are left.
bool Vault::State::takes_recovery_code(store::SecondFactor& row, const Secret& code) {
  const crypto::Digest hash = code.reveal([](ByteView plain) { return crypto::sha256(plain); });
  for (std::size_t at = 0; at + kHashOctets <= row.recovery.size(); at += kHashOctets) {
    const auto begin = row.recovery.begin() + static_cast<std::ptrdiff_t>(at);
    const auto end = begin + static_cast<std::ptrdiff_t>(kHashOctets);
    if (!std::equal(begin, end, hash.begin(), hash.end())) continue;
    row.recovery.erase(begin, end);
    return true;
  }
  return false;
}

/// Inside a transaction, of who has brought the right password.
Status Vault::State::pass_second_factor(MemberId member, const Secret& code) {
  STRONGROOM_TRY(auto row, second_factor(member));
  if (!row || row->confirmed == 0) return {};
  if (code.is_empty())
    return fail(Code::Unauthorized, "A code of your authenticator is needed as well.",
                "code_needed");
  STRONGROOM_TRY(const bool is_right, takes_code(*row, code));
  if (!is_right && !takes_recovery_code(*row, code))
    return fail(Code::Unauthorized,
                "That code is not right, or was used already: take the next one.", "code_wrong");
  return store.update(*row);
}

Result<SecondFactorView> Vault::show_second_factor(const Actor& actor) {
  STRONGROOM_TRY(const MemberId member, person_of(actor));
  STRONGROOM_TRY(const auto row, state_->second_factor(member));
  if (!row) return SecondFactorView{"none", 0};
  return SecondFactorView{row->confirmed == 0 ? "pending" : "active",
                          row->recovery.size() / kHashOctets};
}

Result<NewSecondFactor> Vault::begin_second_factor(const Actor& actor) {
  auto& state = *state_;
  STRONGROOM_TRY(const MemberId member, person_of(actor));
  const Secret secret = crypto::random_secret(kSecretOctets);
  NewSecondFactor out;
  STRONGROOM_CHECKED(state.commit([&]() -> Status {
    STRONGROOM_TRY(const auto row, state.second_factor(member));
    if (row && row->confirmed != 0)
      return fail(Code::Conflict, "There is a second factor already: remove it first.");
    STRONGROOM_TRY([[maybe_unused]] const int earlier,
                   state.store.erase<store::SecondFactor>({{"member", store::to_value(member)}}));
    store::SecondFactor fresh;
    fresh.member = member;
    fresh.secret = state.hierarchy.seal_own(place_of(member), secret);
    fresh.created = state.now();
    return state.store.insert(fresh);
  }));
  STRONGROOM_TRY(const std::string name, state.member_name(member));
  out.secret = secret.reveal(to_base32);
  out.link = "otpauth://totp/Strongroom:" + percent_encode(name) + "?secret=" + out.secret +
             "&issuer=Strongroom";
  return out;
}

Result<std::vector<std::string>> Vault::confirm_second_factor(const Actor& actor,
                                                              const Secret& code) {
  auto& state = *state_;
  STRONGROOM_TRY(const MemberId member, person_of(actor));
  std::vector<std::string> codes(kRecoveryCodes);
  STRONGROOM_CHECKED(state.commit([&]() -> Status {
    STRONGROOM_TRY(auto row, state.second_factor(member));
    if (!row || row->confirmed != 0)
      return fail(Code::Conflict, "There is no second factor that waits to be confirmed.");
    STRONGROOM_TRY(const bool is_right, state.takes_code(*row, code));
    if (!is_right) return wrong_code();
    row->confirmed = state.now();
    for (auto& each : codes) {
      each = make_credential(kRecoveryStart);
      const ByteVector hash = kept_hash(each);
      row->recovery.insert(row->recovery.end(), hash.begin(), hash.end());
    }
    STRONGROOM_CHECKED(state.store.update(*row));
    return state.act(actor, "member.second_factor", about(actor.standing()->tenant, member, "on"));
  }));
  STRONGROOM_CHECKED(state.anchoring.anchored());  // an older state would not ask for it
  return codes;
}

Status Vault::remove_second_factor(const Actor& actor, const Secret& code) {
  auto& state = *state_;
  STRONGROOM_TRY(const MemberId member, person_of(actor));
  return state.commit([&]() -> Status {
    STRONGROOM_TRY(auto row, state.second_factor(member));
    if (!row || row->confirmed == 0) return fail(Code::Conflict, "There is no second factor.");
    STRONGROOM_TRY(const bool is_right, state.takes_code(*row, code));
    if (!is_right && !state.takes_recovery_code(*row, code)) return wrong_code();
    STRONGROOM_TRY([[maybe_unused]] const int gone,
                   state.store.erase<store::SecondFactor>({{"member", store::to_value(member)}}));
    return state.act(actor, "member.second_factor", about(actor.standing()->tenant, member, "off"));
  });
}

/// Under a new root key.
Status Vault::State::rewrap_second_factors_in_transaction(const Hierarchy& next) {
  STRONGROOM_TRY(auto rows, store.list<store::SecondFactor>());
  for (auto& row : rows) {
    STRONGROOM_TRY(row.secret, hierarchy.rewrap_own(place_of(row.member), row.secret, next));
    STRONGROOM_CHECKED(store.update(row));
  }
  return {};
}

}  // namespace strongroom::vault
