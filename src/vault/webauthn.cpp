// SPDX-License-Identifier: Apache-2.0
#include "vault/webauthn.h"

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>

#include "base/encoding.h"
#include "base/json.h"
#include "crypto/cbor.h"
#include "crypto/crypto.h"
#include "crypto/verifying_key.h"

namespace strongroom::vault {
namespace {

constexpr std::size_t kLongestClientData = 4096;
constexpr std::size_t kLongestAttestation = 16UL << 10U;
constexpr std::size_t kLongestAuthenticatorData = 4096;
constexpr std::size_t kLongestSignature = 1024;
constexpr std::size_t kLongestCredential = 1023;
constexpr std::size_t kAaguid = 16;

// Flags of authenticator data (6.1).
constexpr unsigned kUserPresent = 1U << 0U;
constexpr unsigned kUserVerified = 1U << 2U;
constexpr unsigned kMaySync = 1U << 3U;
constexpr unsigned kIsSynced = 1U << 4U;
constexpr unsigned kHasCredential = 1U << 6U;
constexpr unsigned kHasExtensions = 1U << 7U;

std::unexpected<Error> refused(std::string_view why) {
  return fail(Code::Invalid, "The passkey is not taken: " + std::string(why) + ".",
              "passkey_refused");
}

Result<json::object> client_data_of(ByteView octets) {
  if (octets.size() > kLongestClientData) return refused("its client data is too long");
  auto parsed = parse_json(text_of(octets));
  if (!parsed || !parsed->is_object()) return refused("its client data is no JSON object");
  return std::move(parsed->get_object());
}

/// 7.1 and 7.2, but for the challenge.
Status check_client_data(ByteView octets, std::string_view type, const RelyingParty& party) {
  STRONGROOM_TRY(const auto data, client_data_of(octets));
  if (optional_string(data, "type") != type) return refused("it was made for something else");
  if (optional_string(data, "origin") != party.origin)
    return refused("it was made at another address than " + party.origin);
  const auto* const elsewhere = data.if_contains("crossOrigin");
  const bool is_elsewhere =
      elsewhere != nullptr && (!elsewhere->is_bool() || elsewhere->get_bool());
  if (is_elsewhere || data.contains("topOrigin"))
    return refused("it was made inside another site's page");
  return {};
}

struct AuthenticatorData {
  AuthenticatorFacts facts;
  ByteVector credential;  ///< empty: it says none
  ByteVector public_key;
};

Result<AuthenticatorData> read_credential(AuthenticatorData data, ByteView& rest) {
  Reader in(rest);
  (void)in.raw(kAaguid);
  const std::size_t size = in.u16();
  const ByteView id = in.raw(size);
  if (!in.is_ok() || size == 0 || size > kLongestCredential)
    return refused("its authenticator data is malformed");
  data.credential.assign(id.begin(), id.end());
  const ByteView key = rest.subspan(rest.size() - in.remaining());
  rest = key;
  if (!crypto::VerifyingKey::read_cose(rest)) return refused("its key is of no kind known here");
  data.public_key.assign(key.begin(), key.end() - static_cast<std::ptrdiff_t>(rest.size()));
  return data;
}

/// 6.1: whole, of this console, with its person present and verified.
Result<AuthenticatorData> read_authenticator_data(const RelyingParty& party, ByteView octets,
                                                  bool makes_one) {
  if (octets.size() > kLongestAuthenticatorData)
    return refused("its authenticator data is too long");
  Reader in(octets);
  const ByteView party_hash = in.raw(sizeof(crypto::Digest));
  const unsigned flags = in.u8();
  AuthenticatorData data;
  data.facts.counter = in.u32();
  if (!in.is_ok()) return refused("its authenticator data is malformed");
  if (!std::ranges::equal(party_hash, crypto::sha256(bytes_of(party.id))))
    return refused("it is another site's");
  if ((flags & kUserPresent) == 0 || (flags & kUserVerified) == 0)
    return refused(
        "the device did not make sure that it is you: set up its PIN, or its reader of "
        "fingers or faces");
  data.facts.may_sync = (flags & kMaySync) != 0;
  if (!data.facts.may_sync && (flags & kIsSynced) != 0)
    return refused("its authenticator data is malformed");
  ByteView rest = octets.last(in.remaining());
  if (((flags & kHasCredential) != 0) != makes_one)
    return refused("its authenticator data is of another kind");
  if (makes_one) {
    STRONGROOM_TRY(data, read_credential(std::move(data), rest));
  }
  if ((flags & kHasExtensions) != 0) {
    crypto::CborReader whole(rest);
    crypto::CborReader kind(rest);
    if (!kind.map() || !whole.skip()) return refused("its extensions are malformed");
    rest = whole.rest();
  }
  if (!rest.empty()) return refused("its authenticator data is malformed");
  return data;
}

/// 6.5.4: the one part that is of use here.
std::optional<ByteView> authenticator_data_of(ByteView attestation) {
  crypto::CborReader in(attestation);
  const auto count = in.map();
  if (count != 3U || attestation.size() > kLongestAttestation) return std::nullopt;
  bool has_format = false;
  bool has_statement = false;
  std::optional<ByteView> data;
  for (std::size_t each = 0; each < *count; ++each) {
    const auto name = in.text();
    if (name == "fmt" && !has_format) {
      has_format = in.text().has_value();
    } else if (name == "attStmt" && !has_statement) {
      crypto::CborReader kind(in.rest());
      has_statement = kind.map().has_value() && in.skip();
    } else if (name == "authData" && !data) {
      data = in.bytes();
    } else {
      return std::nullopt;
    }
  }
  if (!in.is_at_end() || !has_format || !has_statement) return std::nullopt;
  return data;
}

}  // namespace

Result<ByteVector> challenge_of(ByteView client_data) {
  STRONGROOM_TRY(const auto data, client_data_of(client_data));
  auto challenge = from_base64url(optional_string(data, "challenge").value_or(""));
  if (!challenge) return refused("it answers nothing that was asked");
  return std::move(*challenge);
}

Result<RegisteredCredential> read_registration(const RelyingParty& party,
                                               const NewPasskey& answer) {
  STRONGROOM_CHECKED(check_client_data(answer.client_data, "webauthn.create", party));
  const auto octets = authenticator_data_of(answer.attestation);
  if (!octets) return refused("its attestation object is malformed");
  STRONGROOM_TRY(auto data, read_authenticator_data(party, *octets, true));
  return RegisteredCredential{std::move(data.credential), std::move(data.public_key), data.facts};
}

Result<AuthenticatorFacts> check_assertion(const RelyingParty& party,
                                           const PasskeyAssertion& answer, ByteView public_key) {
  STRONGROOM_CHECKED(check_client_data(answer.client_data, "webauthn.get", party));
  STRONGROOM_TRY(const auto data, read_authenticator_data(party, answer.authenticator_data, false));
  STRONGROOM_TRY(const auto key, crypto::VerifyingKey::read_cose(public_key));
  ByteVector message = answer.authenticator_data;
  const auto hash = crypto::sha256(answer.client_data);
  message.insert(message.end(), hash.begin(), hash.end());
  if (answer.signature.size() > kLongestSignature || !key.verify(message, answer.signature))
    return refused("its signature is not right");
  return data.facts;
}

}  // namespace strongroom::vault
