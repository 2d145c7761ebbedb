// SPDX-License-Identifier: Apache-2.0
#include "issuer/id_token.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <optional>
#include <span>

#include "base/encoding.h"
#include "crypto/crypto.h"
#include "crypto/sha512.h"
#include "crypto/verifying_key.h"
#include "dynamic/login.h"
#include "issuer/token_answer.h"
#include "issuer/work.h"

namespace strongroom::issuer {
namespace {

using crypto::VerifyingKey;

constexpr std::size_t kLongestClaim = 512;
constexpr std::size_t kMostGroups = 1000;

std::unexpected<Error> refused(std::string_view why) {
  return fail(Code::Refused, "its token is refused: " + std::string(why));
}

std::string_view text_member(const json::object& object, std::string_view name) {
  const auto* found = object.if_contains(name);
  if (found == nullptr || !found->is_string()) return {};
  return found->get_string();
}

std::string_view name_of(VerifyingKey::Algorithm algorithm) {
  switch (algorithm) {
    case VerifyingKey::Algorithm::Es256:
      return "ES256";
    case VerifyingKey::Algorithm::EdDsa:
      return "EdDSA";
    case VerifyingKey::Algorithm::Rs256:
      return "RS256";
    case VerifyingKey::Algorithm::Ps256:
      return "PS256";
  }
  return {};
}

/// None for a key of another kind, for another use, or for another algorithm.
std::optional<VerifyingKey> key_of(const json::object& jwk) {
  const auto number = [&](std::string_view name) {
    return from_base64url(text_member(jwk, name)).value_or(ByteVector());
  };
  if (jwk.contains("use") && text_member(jwk, "use") != "sig") return std::nullopt;
  const std::string_view kind = text_member(jwk, "kty");
  const std::string_view curve = text_member(jwk, "crv");
  Result<VerifyingKey> key = std::unexpected(Error(Code::Unsupported, "of another kind"));
  // One that does not say otherwise signs as nearly all do: by one of the two, never by both.
  if (kind == "RSA" && text_member(jwk, "alg") == "PS256")
    key = VerifyingKey::ps256(number("n"), number("e"));
  else if (kind == "RSA")
    key = VerifyingKey::rs256(number("n"), number("e"));
  if (kind == "EC" && curve == "P-256") key = VerifyingKey::es256(number("x"), number("y"));
  if (kind == "OKP" && curve == "Ed25519") key = VerifyingKey::ed_dsa(number("x"));
  if (!key) return std::nullopt;
  if (jwk.contains("alg") && text_member(jwk, "alg") != name_of(key->algorithm()))
    return std::nullopt;
  return std::move(*key);
}

struct Header {
  std::string algorithm;
  std::string key;  ///< its id; empty: the token names none
};

Result<json::object> object_in(std::string_view part) {
  const auto octets = from_base64url(part);
  if (!octets) return refused("it is malformed");
  auto document = parse_json(text_of(*octets));
  if (!document || !document->is_object()) return refused("it is malformed");
  return std::move(document->get_object());
}

bool is_taken(std::string_view algorithm) {
  constexpr std::array<std::string_view, 4> kTaken{"RS256", "PS256", "ES256", "EdDSA"};
  return std::ranges::find(kTaken, algorithm) != kTaken.end();
}

/// A logout token has to say what it is; of an identity token not all do.
bool is_of_kind(const json::object& header, TokenKind kind) {
  const std::string_view type = text_member(header, "typ");
  if (kind == TokenKind::Logout) return type == "logout+jwt" || type == "application/logout+jwt";
  return !header.contains("typ") || type == "JWT" || type == "jwt";
}

Result<Header> header_of(std::string_view part, TokenKind kind) {
  STRONGROOM_TRY(const auto said, object_in(part));
  Header out{std::string(text_member(said, "alg")), std::string(text_member(said, "kid"))};
  if (!is_taken(out.algorithm)) return refused("its algorithm is none that is taken");
  if (!is_of_kind(said, kind)) return refused("it is of another type");
  if (said.contains("crit")) return refused("it wants what is not known here");
  return out;
}

/// The one that the token names; without a name the only one of its algorithm.
Result<VerifyingKey> chosen(std::string_view keys, const Header& header) {
  const auto document = parse_json(keys);
  const auto* list =
      document && document->is_object() ? document->get_object().if_contains("keys") : nullptr;
  if (list == nullptr || !list->is_array() || list->get_array().size() > kMostKeys)
    return refused("the issuer's keys are malformed");
  std::optional<VerifyingKey> out;
  for (const auto& each : list->get_array()) {
    if (!each.is_object()) continue;
    const json::object& jwk = each.get_object();
    if (!header.key.empty() && text_member(jwk, "kid") != header.key) continue;
    auto key = key_of(jwk);
    if (!key || name_of(key->algorithm()) != header.algorithm) continue;
    if (out) return refused("more than one key of the issuer's may have signed it");
    out = std::move(key);
  }
  if (!out) return refused("no key of the issuer's has signed it");
  return std::move(*out);
}

std::optional<std::int64_t> time_in(const json::object& claims, std::string_view name) {
  constexpr double kLatest = 253'402'300'799.0;  // of the year 9999
  const auto* found = claims.if_contains(name);
  if (found == nullptr || !found->is_number()) return std::nullopt;
  const double seconds = found->to_number<double>();
  if (!(seconds >= 0 && seconds <= kLatest)) return std::nullopt;
  return static_cast<std::int64_t>(std::floor(seconds));
}

bool is_plain(std::string_view text) {
  return !text.empty() && text.size() <= kLongestClaim &&
         std::ranges::all_of(text, [](char c) { return c >= ' ' && c <= '~'; });
}

/// One, or a list of them.
std::optional<json::array> audience_of(const json::object& claims) {
  constexpr std::size_t kMost = 8;
  const auto* found = claims.if_contains("aud");
  if (found == nullptr) return std::nullopt;
  if (found->is_string()) return json::array{found->get_string()};
  if (!found->is_array() || found->get_array().empty() || found->get_array().size() > kMost)
    return std::nullopt;
  const bool are_texts = std::ranges::all_of(
      found->get_array(), [](const json::value& each) { return each.is_string(); });
  return are_texts ? std::optional(found->get_array()) : std::nullopt;
}

/// Which of the groups that the job asks about are among them: their places in its list.
std::string groups_in(const json::object& claims, const dynamic::Job& job) {
  const auto asked = parse_json(job.setting("groups"));
  const auto* said = claims.if_contains(job.setting("groups_claim"));
  if (!asked || !asked->is_array() || said == nullptr) return {};
  const json::array one = said->is_string() ? json::array{*said} : json::array();
  const json::array& theirs = said->is_array() ? said->get_array() : one;
  std::string out;
  std::size_t place = 0;
  for (const auto& each : asked->get_array()) {
    const auto end =
        theirs.begin() + static_cast<std::ptrdiff_t>(std::min(theirs.size(), kMostGroups));
    if (std::find(theirs.begin(), end, each) != end)
      out += (out.empty() ? "" : ",") + std::to_string(place);
    ++place;
  }
  return out;
}

/// OpenID Connect Core 3.1.3.6.
bool is_hash_of(std::string_view hash, std::string_view access_token, bool is_sha512) {
  const auto left_half_of = [](const auto& whole) {
    return to_base64url(ByteView(whole).first(whole.size() / 2));
  };
  return hash == (is_sha512 ? left_half_of(crypto::sha512(bytes_of(access_token)))
                            : left_half_of(crypto::sha256(bytes_of(access_token))));
}

/// Each a plain text that is short enough, or absent.
void add_texts(const json::object& claims, std::span<const std::string_view> names,
               dynamic::Outcome& outcome) {
  for (const std::string_view name : names) {
    const std::string_view text = text_member(claims, name);
    if (is_plain(text)) outcome.facts.emplace_back(name, text);
  }
}

/// One that is there and tells no time is refused.
Status add_times(const json::object& claims, dynamic::Outcome& outcome) {
  for (const std::string_view name : {"exp", "iat", "nbf"}) {
    const auto time = time_in(claims, name);
    if (time) outcome.facts.emplace_back(name, std::to_string(*time));
    if (!time && claims.contains(name)) return refused("it tells no time");
  }
  return {};
}

/// Back-Channel Logout 1.0, 2.4: that the token is of a logout.
bool is_of_logout(const json::object& claims) {
  constexpr std::string_view kEvent = "http://schemas.openid.net/event/backchannel-logout";
  const auto* events = claims.if_contains("events");
  const auto* event =
      events != nullptr && events->is_object() ? events->get_object().if_contains(kEvent) : nullptr;
  return event != nullptr && event->is_object();
}

}  // namespace

Result<IdToken> verified_token(std::string_view token, std::string_view keys, TokenKind kind) {
  if (token.size() > kLongestIdToken) return refused("it is too long");
  const auto first = token.find('.');
  const auto second = first == std::string_view::npos ? first : token.find('.', first + 1);
  if (second == std::string_view::npos || token.find('.', second + 1) != std::string_view::npos)
    return refused("it is malformed");
  STRONGROOM_TRY(const auto header, header_of(token.substr(0, first), kind));
  STRONGROOM_TRY(const auto key, chosen(keys, header));
  const auto signature = from_base64url(token.substr(second + 1));
  if (!signature || !key.verify_jose(bytes_of(token.substr(0, second)), *signature))
    return refused("its signature is not the issuer's");
  STRONGROOM_TRY(auto claims, object_in(token.substr(first + 1, second - first - 1)));
  return IdToken{std::move(claims), key.algorithm() == VerifyingKey::Algorithm::EdDsa};
}

Result<dynamic::Outcome> identity_of(const IdToken& token, std::string_view access_token,
                                     const dynamic::Job& job) {
  const json::object& claims = token.claims;
  auto outcome = done(true);
  const auto audience = audience_of(claims);
  if (!audience) return refused("it does not say whom it is for");
  outcome.facts.emplace_back("aud", to_text(*audience));
  constexpr std::array<std::string_view, 7> kTexts{
      "iss", "sub", "azp", "nonce", "sid", "email", "preferred_username"};
  add_texts(claims, kTexts, outcome);
  STRONGROOM_CHECKED(add_times(claims, outcome));
  const auto* verified = claims.if_contains("email_verified");
  if (verified != nullptr && verified->is_bool() && verified->get_bool())
    outcome.facts.emplace_back("email_verified", "yes");
  outcome.facts.emplace_back("groups", groups_in(claims, job));
  if (claims.contains("at_hash") &&
      !is_hash_of(text_member(claims, "at_hash"), access_token, token.hashes_by_sha512))
    return refused("it belongs to another answer");
  return outcome;
}

Result<dynamic::Outcome> logout_of(const IdToken& token) {
  const json::object& claims = token.claims;
  if (!is_of_logout(claims)) return refused("it is of no logout");
  // An identity token has one: neither is ever the other.
  if (claims.contains("nonce")) return refused("it has a nonce");
  auto outcome = done(true);
  const auto audience = audience_of(claims);
  if (!audience) return refused("it does not say whom it is for");
  outcome.facts.emplace_back("aud", to_text(*audience));
  constexpr std::array<std::string_view, 4> kTexts{"iss", "sub", "sid", "jti"};
  add_texts(claims, kTexts, outcome);
  STRONGROOM_CHECKED(add_times(claims, outcome));
  return outcome;
}

}  // namespace strongroom::issuer
