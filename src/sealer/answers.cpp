// Nothing of an answer gets into an error but what is known beforehand: whoever answers may echo.
// SPDX-License-Identifier: Apache-2.0
#include "sealer/answers.h"

#include <array>

#include "base/encoding.h"
#include "base/json.h"
#include "external_seal/job.h"
#include "sealer/work.h"

namespace strongroom::sealer {
namespace {

using external_seal::kKeySize;
using external_seal::kMaxWrapped;

constexpr std::size_t kLongestToken = 4096;
constexpr std::string_view kTransitStart = "vault:v";

bool is_good(int status) {
  return status >= 200 && status < 300;
}

std::unexpected<Error> not_understood(std::string_view whose) {
  return unreachable("The answer of " + std::string(whose) + " is not understood.");
}

/// A text member of an object, or of the object that is its member `of`.
std::string text_in(std::string_view body, std::string_view of, std::string_view name) {
  const auto document = parse_json(body);
  if (!document || !document->is_object()) return {};
  const json::object* object = &document->get_object();
  if (!of.empty()) {
    const auto* inner = object->if_contains(of);
    if (inner == nullptr || !inner->is_object()) return {};
    object = &inner->get_object();
  }
  return optional_string(*object, name).value_or("");
}

/// Exactly the key of a seal.
Result<Secret> key_of(std::string text, std::string_view whose) {
  auto octets = from_base64(text);
  wipe(text.data(), text.size());
  if (!octets || octets->size() != kKeySize) return not_understood(whose);
  Secret key{ByteView(*octets)};
  wipe(octets->data(), octets->size());
  return key;
}

std::unexpected<Error> transit_failed(int status, std::string_view body, const std::string& key) {
  const std::string it = "OpenBao or Vault";
  const std::string number = " (status " + std::to_string(status) + ")";
  if (status == 403)
    return unreachable(it + " does not let this token use the transit key '" + key +
                       "', or it has expired" + number + ".");
  if (status == 404)
    return unreachable(it + " has no such transit engine or key '" + key + "'" + number + ".");
  if (status == 400 && body.find("too old") != std::string_view::npos)
    return refused(it + " does not open any more what this version of the transit key '" + key +
                   "' has sealed: its min_decryption_version is higher" + number + ".");
  if (status == 400 && body.find("key not found") != std::string_view::npos)
    return unreachable(it + " has no transit key '" + key + "'" + number + ".");
  if (status == 400)
    return refused(it + " does not take what is kept of the seal: it is not of the transit key '" +
                   key + "'" + number + ".");
  if (status == 503)
    return unreachable(it + " is sealed itself, or under maintenance" + number + ".");
  return unreachable(it + " failed" + number + ".");
}

struct KmsError {
  std::string_view type;
  std::string_view meaning;
  bool is_lasting;  ///< trying again by itself is of no use
};
constexpr std::array kKmsErrors = {
    KmsError{"AccessDeniedException", "does not let these credentials use the key", false},
    KmsError{"NotFoundException", "has no such key", false},
    KmsError{"DisabledException", "has the key disabled", false},
    KmsError{"KMSInvalidStateException", "has the key in a state of no use, as before its deletion",
             false},
    KmsError{"KeyUnavailableException", "has the key not at hand", false},
    KmsError{"InvalidCiphertextException", "does not open this with the key and this context",
             true},
    KmsError{"IncorrectKeyException", "has sealed this with another key", true},
    KmsError{"InvalidKeyUsageException", "has the key for another use than encryption", true},
    KmsError{"UnrecognizedClientException", "does not know these credentials", false},
    KmsError{"InvalidSignatureException",
             "does not take the signature: are the credentials right, and the clock?", false},
    KmsError{"IncompleteSignature", "does not take the signature", false},
    KmsError{"ExpiredTokenException", "says that the session of these credentials is over", false},
    KmsError{"ThrottlingException", "is asked too often", false}};

std::unexpected<Error> kms_failed(int status, std::string_view body) {
  std::string type = text_in(body, "", "__type");
  if (const auto name = type.rfind('#'); name != std::string::npos) type.erase(0, name + 1);
  const std::string number = " (status " + std::to_string(status) + ").";
  for (const auto& known : kKmsErrors) {
    if (known.type != type) continue;
    const std::string said = "The KMS " + std::string(known.meaning) + number;
    return known.is_lasting ? refused(said) : unreachable(said);
  }
  return unreachable("The KMS failed" + number);
}

}  // namespace

Result<ByteVector> read_transit_ciphertext(int status, std::string_view body,
                                           const std::string& key) {
  if (!is_good(status)) return transit_failed(status, body, key);
  const std::string text = text_in(body, "data", "ciphertext");
  if (!text.starts_with(kTransitStart) || text.size() > kMaxWrapped)
    return not_understood("OpenBao or Vault");
  const ByteView octets = bytes_of(text);
  return ByteVector(octets.begin(), octets.end());
}

Result<Secret> read_transit_plaintext(int status, std::string_view body, const std::string& key) {
  if (!is_good(status)) return transit_failed(status, body, key);
  return key_of(text_in(body, "data", "plaintext"), "OpenBao or Vault");
}

Result<Secret> read_login(int status, std::string_view body) {
  if (!is_good(status))
    return unreachable("OpenBao or Vault does not take the role and its secret id (status " +
                       std::to_string(status) + ").");
  std::string text = text_in(body, "auth", "client_token");
  if (text.empty() || text.size() > kLongestToken) return not_understood("OpenBao or Vault");
  Secret token(bytes_of(text));
  wipe(text.data(), text.size());
  return token;
}

Result<ByteVector> read_kms_ciphertext(int status, std::string_view body) {
  if (!is_good(status)) return kms_failed(status, body);
  auto octets = from_base64(text_in(body, "", "CiphertextBlob"));
  if (!octets || octets->empty() || octets->size() > kMaxWrapped) return not_understood("the KMS");
  return std::move(*octets);
}

Result<Secret> read_kms_plaintext(int status, std::string_view body) {
  if (!is_good(status)) return kms_failed(status, body);
  return key_of(text_in(body, "", "Plaintext"), "the KMS");
}

}  // namespace strongroom::sealer
