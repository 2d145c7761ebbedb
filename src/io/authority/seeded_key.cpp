// A private key of P-256 out of a seed: who has the seed has the key. SPDX-License-Identifier:
// Apache-2.0
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/sha.h>
#include <array>

#include "io/authority/certificate_making.h"

namespace strongroom::io {
namespace {

using Bignum = std::unique_ptr<BIGNUM, Freer<BN_clear_free>>;
using Group = std::unique_ptr<EC_GROUP, Freer<EC_GROUP_free>>;
using Point = std::unique_ptr<EC_POINT, Freer<EC_POINT_free>>;
using Builder = std::unique_ptr<OSSL_PARAM_BLD, Freer<OSSL_PARAM_BLD_free>>;
using Params = std::unique_ptr<OSSL_PARAM, Freer<OSSL_PARAM_free>>;
using Context = std::unique_ptr<EVP_PKEY_CTX, Freer<EVP_PKEY_CTX_free>>;

/// The first of SHA-256(seed), SHA-256(SHA-256(seed)), ... that is a private key of the curve (the
/// first, but once in four billion).
Bignum scalar_of(const Secret& seed, const EC_GROUP* group) {
  std::array<std::uint8_t, 32> octets{};
  seed.reveal([&](ByteView plain) { ::SHA256(plain.data(), plain.size(), octets.data()); });
  Bignum scalar(BN_bin2bn(octets.data(), octets.size(), nullptr));
  while (scalar != nullptr &&
         (BN_is_zero(scalar.get()) || BN_cmp(scalar.get(), EC_GROUP_get0_order(group)) >= 0)) {
    ::SHA256(octets.data(), octets.size(), octets.data());
    scalar.reset(BN_bin2bn(octets.data(), octets.size(), nullptr));
  }
  wipe(octets.data(), octets.size());
  return scalar;
}

}  // namespace

Key key_of_seed(const Secret& seed) {
  const Group group(EC_GROUP_new_by_curve_name(NID_X9_62_prime256v1));
  const Bignum scalar = scalar_of(seed, group.get());
  const Point point(EC_POINT_new(group.get()));
  std::array<std::uint8_t, 65> shown{};
  const bool has_point =
      scalar != nullptr &&
      EC_POINT_mul(group.get(), point.get(), scalar.get(), nullptr, nullptr, nullptr) == 1 &&
      EC_POINT_point2oct(group.get(), point.get(), POINT_CONVERSION_UNCOMPRESSED, shown.data(),
                         shown.size(), nullptr) == shown.size();
  const Builder builder(OSSL_PARAM_BLD_new());
  if (!has_point ||
      OSSL_PARAM_BLD_push_utf8_string(builder.get(), OSSL_PKEY_PARAM_GROUP_NAME, "P-256", 0) != 1 ||
      OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_PRIV_KEY, scalar.get()) != 1 ||
      OSSL_PARAM_BLD_push_octet_string(builder.get(), OSSL_PKEY_PARAM_PUB_KEY, shown.data(),
                                       shown.size()) != 1)
    return nullptr;
  const Params params(OSSL_PARAM_BLD_to_param(builder.get()));
  const Context context(EVP_PKEY_CTX_new_from_name(nullptr, "EC", nullptr));
  EVP_PKEY* key = nullptr;
  if (EVP_PKEY_fromdata_init(context.get()) != 1 ||
      EVP_PKEY_fromdata(context.get(), &key, EVP_PKEY_KEYPAIR, params.get()) != 1)
    return nullptr;
  return Key(key);
}

}  // namespace strongroom::io
