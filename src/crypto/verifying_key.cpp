// SPDX-License-Identifier: Apache-2.0
#include "crypto/verifying_key.h"

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <array>
#include <optional>
#include <string>

#include "crypto/cbor.h"
#include "crypto/ssh_parameters.h"

namespace strongroom::crypto {
namespace {

constexpr std::size_t kCoordinate = 32;

// COSE's numbers (RFC 9052, 9053, 8230).
constexpr std::int64_t kType = 1;
constexpr std::int64_t kAlgorithm = 3;
constexpr std::int64_t kOctetPair = 1;   ///< OKP
constexpr std::int64_t kTwoNumbers = 2;  ///< EC2
constexpr std::int64_t kRsa = 3;
constexpr std::int64_t kCurve = -1;  ///< of RSA: the modulus
constexpr std::int64_t kX = -2;      ///< of RSA: the exponent
constexpr std::int64_t kY = -3;
constexpr std::int64_t kP256 = 1;
constexpr std::int64_t kEd25519 = 6;
constexpr std::int64_t kEs256 = -7;
constexpr std::int64_t kEdDsa = -8;
constexpr std::int64_t kRs256 = -257;

std::unexpected<Error> no_key() {
  return fail(Code::Invalid, "that is no public key of a kind that is known here");
}

struct CoseKey {
  std::int64_t type = 0;
  std::int64_t algorithm = 0;
  std::int64_t curve = 0;
  ByteView first;   ///< modulus or nothing
  ByteView second;  ///< x, or the exponent
  ByteView third;   ///< y, or nothing
};

/// In the canonical order, so that none can be there twice.
std::optional<CoseKey> read_parameters(CborReader& in) {
  CoseKey key;
  const auto count = in.map();
  const auto label = [&](std::int64_t wanted) { return in.integer() == wanted; };
  if (!count || !label(kType)) return std::nullopt;
  key.type = in.integer().value_or(0);
  if (!label(kAlgorithm)) return std::nullopt;
  key.algorithm = in.integer().value_or(0);
  if (!label(kCurve)) return std::nullopt;
  if (key.type == kRsa)
    key.first = in.bytes().value_or(ByteView());
  else
    key.curve = in.integer().value_or(0);
  if (!label(kX)) return std::nullopt;
  key.second = in.bytes().value_or(ByteView());
  if (key.type == kTwoNumbers) {
    if (!label(kY)) return std::nullopt;
    key.third = in.bytes().value_or(ByteView());
  }
  if (!in.is_ok() || *count != (key.type == kTwoNumbers ? 5U : 4U)) return std::nullopt;
  return key;
}

}  // namespace

Result<VerifyingKey> VerifyingKey::es256(ByteView x, ByteView y) {
  if (x.size() != kCoordinate || y.size() != kCoordinate) return no_key();
  ByteVector point{4};  // uncompressed
  point.insert(point.end(), x.begin(), x.end());
  point.insert(point.end(), y.begin(), y.end());
  auto key = ssh_ecdsa_key(*curve_of("ecdsa-sha2-nistp256"), point, {});
  if (!key) return no_key();
  return VerifyingKey(Algorithm::Es256, {key.release(), EVP_PKEY_free});
}

Result<VerifyingKey> VerifyingKey::ed_dsa(ByteView x) {
  if (x.size() != kCoordinate) return no_key();
  EVP_PKEY* const key = EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nullptr, x.data(), x.size());
  if (key == nullptr) return no_key();
  return VerifyingKey(Algorithm::EdDsa, {key, EVP_PKEY_free});
}

Result<VerifyingKey> VerifyingKey::rs256(ByteView modulus, ByteView exponent) {
  if (modulus.size() > 1024 || exponent.size() > 8) return no_key();
  auto key = ssh_rsa_key(modulus, exponent, {});
  if (!key) return no_key();
  return VerifyingKey(Algorithm::Rs256, {key.release(), EVP_PKEY_free});
}

Result<VerifyingKey> VerifyingKey::ps256(ByteView modulus, ByteView exponent) {
  STRONGROOM_TRY(auto key, rs256(modulus, exponent));
  key.algorithm_ = Algorithm::Ps256;
  return key;
}

Result<VerifyingKey> VerifyingKey::read_cose(ByteView& octets) {
  CborReader in(octets);
  const auto key = read_parameters(in);
  if (!key) return no_key();
  octets = in.rest();
  if (key->type == kTwoNumbers && key->algorithm == kEs256 && key->curve == kP256)
    return es256(key->second, key->third);
  if (key->type == kOctetPair && key->algorithm == kEdDsa && key->curve == kEd25519)
    return ed_dsa(key->second);
  if (key->type == kRsa && key->algorithm == kRs256) return rs256(key->first, key->second);
  return no_key();
}

bool VerifyingKey::verify(ByteView data, ByteView signature) const {
  const char* const digest = algorithm_ == Algorithm::EdDsa ? nullptr : "SHA256";
  const std::unique_ptr<EVP_MD_CTX, void (*)(EVP_MD_CTX*)> context(EVP_MD_CTX_new(),
                                                                   EVP_MD_CTX_free);
  // A salt as long as the digest (RFC 7518 3.5).
  std::string padding = OSSL_PKEY_RSA_PAD_MODE_PSS;
  std::string salt = OSSL_PKEY_RSA_PSS_SALT_LEN_DIGEST;
  const std::array<OSSL_PARAM, 3> pss{
      OSSL_PARAM_construct_utf8_string(OSSL_SIGNATURE_PARAM_PAD_MODE, padding.data(), 0),
      OSSL_PARAM_construct_utf8_string(OSSL_SIGNATURE_PARAM_PSS_SALTLEN, salt.data(), 0),
      OSSL_PARAM_construct_end()};
  return context != nullptr &&
         EVP_DigestVerifyInit_ex(context.get(), nullptr, digest, nullptr, nullptr, key_.get(),
                                 algorithm_ == Algorithm::Ps256 ? pss.data() : nullptr) == 1 &&
         EVP_DigestVerify(context.get(), signature.data(), signature.size(), data.data(),
                          data.size()) == 1;
}

bool VerifyingKey::verify_jose(ByteView data, ByteView signature) const {
  if (algorithm_ != Algorithm::Es256) return verify(data, signature);
  if (signature.size() != 2 * kCoordinate) return false;
  const ByteVector der = ecdsa_der(signature.first(kCoordinate), signature.last(kCoordinate));
  return verify(data, der);
}

}  // namespace strongroom::crypto
