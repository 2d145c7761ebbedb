// What a browser brings of an authenticator: as a registration, and as a signature; no input is
// taken that did not come with the right domain, flags and address. SPDX-License-Identifier:
// Apache-2.0
#include <algorithm>
#include <cstdint>
#include <cstdlib>

#include "base/encoding.h"
#include "crypto/cbor.h"
#include "crypto/verifying_key.h"
#include "vault/webauthn.h"

using namespace strongroom;

namespace {

const vault::RelyingParty kParty{"localhost", "http://localhost:8700"};

constexpr std::string_view kCreate =
    R"({"type":"webauthn.create","challenge":"AAAA","origin":"http://localhost:8700"})";
constexpr std::string_view kGet =
    R"({"type":"webauthn.get","challenge":"AAAA","origin":"http://localhost:8700"})";

ByteVector copy(ByteView octets) {
  return {octets.begin(), octets.end()};
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const ByteView input(data, size);
  (void)vault::challenge_of(input);
  crypto::CborReader reader(input);
  while (reader.skip()) {
  }
  ByteView rest = input;
  if (const auto key = crypto::VerifyingKey::read_cose(rest)) (void)key->verify(input, rest);

  vault::NewPasskey made;
  made.client_data = copy(bytes_of(kCreate));
  made.attestation = copy(input);
  const auto credential = vault::read_registration(kParty, made);
  // What it took reads again, whole.
  if (credential) {
    ByteView key = credential->public_key;
    if (!crypto::VerifyingKey::read_cose(key) || !key.empty() || credential->id.empty()) abort();
  }
  made.client_data = copy(input);
  (void)vault::read_registration(kParty, made);

  // The first octet says where the rest is cut.
  if (size < 2) return 0;
  const std::size_t cut = std::min<std::size_t>(data[0], size - 1);
  vault::PasskeyAssertion answer;
  answer.client_data = copy(bytes_of(kGet));
  answer.authenticator_data = copy(input.subspan(1, cut));
  answer.signature = copy(input.subspan(1 + cut));
  (void)vault::check_assertion(kParty, answer, input.subspan(1 + cut));
  return 0;
}
