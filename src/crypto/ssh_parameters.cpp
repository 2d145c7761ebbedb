// SPDX-License-Identifier: Apache-2.0
#include "crypto/ssh_parameters.h"

#include <openssl/core_names.h>
#include <openssl/ecdsa.h>
#include <openssl/param_build.h>
#include <algorithm>
#include <array>

namespace strongroom::crypto {
namespace {

constexpr int kSmallestRsa = 2048;
constexpr int kLargestRsa = 16'384;

constexpr std::array<SshCurve, 3> kCurves{{
    {"ecdsa-sha2-nistp256", "nistp256", "P-256", "SHA256"},
    {"ecdsa-sha2-nistp384", "nistp384", "P-384", "SHA384"},
    {"ecdsa-sha2-nistp521", "nistp521", "P-521", "SHA512"},
}};

/// What a key is made of; wiped when it is gone.
class Parameters {
 public:
  Parameters() : builder_(OSSL_PARAM_BLD_new()) {}
  Parameters(const Parameters&) = delete;
  Parameters& operator=(const Parameters&) = delete;
  ~Parameters() { OSSL_PARAM_BLD_free(builder_); }

  void text(const char* name, const char* value) {
    is_ok_ = is_ok_ && OSSL_PARAM_BLD_push_utf8_string(builder_, name, value, 0) == 1;
  }
  void octets(const char* name, ByteView value) {
    is_ok_ =
        is_ok_ && OSSL_PARAM_BLD_push_octet_string(builder_, name, value.data(), value.size()) == 1;
  }
  void number(const char* name, const SshOwned<BIGNUM>& value) {
    is_ok_ = is_ok_ && value && OSSL_PARAM_BLD_push_BN(builder_, name, value.get()) == 1;
  }
  SshOwned<EVP_PKEY> key(const char* type, int selection) {
    EVP_PKEY* out = nullptr;
    OSSL_PARAM* const all = is_ok_ ? OSSL_PARAM_BLD_to_param(builder_) : nullptr;
    EVP_PKEY_CTX* const context = EVP_PKEY_CTX_new_from_name(nullptr, type, nullptr);
    const bool is_made = all != nullptr && EVP_PKEY_fromdata_init(context) == 1 &&
                         EVP_PKEY_fromdata(context, &out, selection, all) == 1;
    EVP_PKEY_CTX_free(context);
    OSSL_PARAM_free(all);
    return SshOwned<EVP_PKEY>(is_made ? out : nullptr);
  }

 private:
  OSSL_PARAM_BLD* builder_;
  bool is_ok_ = true;
};

SshOwned<BIGNUM> number_of(ByteView octets) {
  return SshOwned<BIGNUM>(BN_bin2bn(octets.data(), static_cast<int>(octets.size()), nullptr));
}

/// Marked as secret, so that OpenSSL wipes every copy that it makes.
SshOwned<BIGNUM> secret_number_of(ByteView octets) {
  SshOwned<BIGNUM> out(BN_secure_new());
  if (!out || BN_bin2bn(octets.data(), static_cast<int>(octets.size()), out.get()) == nullptr)
    return nullptr;
  BN_set_flags(out.get(), BN_FLG_CONSTTIME);
  return out;
}

}  // namespace

const SshCurve* curve_of(std::string_view type) {
  const auto found = std::ranges::find(kCurves, type, &SshCurve::type);
  return found == kCurves.end() ? nullptr : &*found;
}

SshOwned<EVP_PKEY> ssh_ecdsa_key(const SshCurve& curve, ByteView point, ByteView secret) {
  Parameters parameters;
  parameters.text(OSSL_PKEY_PARAM_GROUP_NAME, curve.group);
  parameters.octets(OSSL_PKEY_PARAM_PUB_KEY, point);
  // Lives until the parameters are copied from it.
  const auto number = secret_number_of(secret);
  if (!secret.empty()) parameters.number(OSSL_PKEY_PARAM_PRIV_KEY, number);
  return parameters.key("EC", secret.empty() ? EVP_PKEY_PUBLIC_KEY : EVP_PKEY_KEYPAIR);
}

SshOwned<EVP_PKEY> ssh_rsa_key(ByteView modulus, ByteView exponent, ByteView secret) {
  const auto n = number_of(modulus);
  const auto e = number_of(exponent);
  const auto d = secret_number_of(secret);
  if (!n || !e || BN_num_bits(n.get()) < kSmallestRsa || BN_num_bits(n.get()) > kLargestRsa ||
      BN_num_bits(e.get()) > 64)
    return nullptr;
  Parameters parameters;
  parameters.number(OSSL_PKEY_PARAM_RSA_N, n);
  parameters.number(OSSL_PKEY_PARAM_RSA_E, e);
  if (!secret.empty()) parameters.number(OSSL_PKEY_PARAM_RSA_D, d);
  return parameters.key("RSA", secret.empty() ? EVP_PKEY_PUBLIC_KEY : EVP_PKEY_KEYPAIR);
}

ByteVector ecdsa_der(ByteView first, ByteView second) {
  ECDSA_SIG* const made = ECDSA_SIG_new();
  ECDSA_SIG_set0(made, BN_bin2bn(first.data(), static_cast<int>(first.size()), nullptr),
                 BN_bin2bn(second.data(), static_cast<int>(second.size()), nullptr));
  std::uint8_t* der = nullptr;
  const int size = i2d_ECDSA_SIG(made, &der);
  ECDSA_SIG_free(made);
  if (size <= 0) return {};
  ByteVector out(der, der + size);
  OPENSSL_free(der);
  return out;
}

}  // namespace strongroom::crypto
