// SSH's public and private parts as OpenSSL takes them. Internal to this room.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <openssl/bn.h>
#include <openssl/evp.h>
#include <memory>
#include <string_view>

#include "base/bytes.h"

namespace strongroom::crypto {

struct SshFree {
  void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
  void operator()(BIGNUM* number) const { BN_clear_free(number); }
};
template <class T>
using SshOwned = std::unique_ptr<T, SshFree>;

struct SshCurve {
  std::string_view type;  ///< "ecdsa-sha2-nistp256"
  std::string_view name;  ///< "nistp256"
  const char* group;      ///< OpenSSL's name
  const char* digest;     ///< RFC 5656 6.2.1
};
/// Null for what is no ECDSA key.
[[nodiscard]] const SshCurve* curve_of(std::string_view type);

inline constexpr std::string_view kSshEd25519 = "ssh-ed25519";
inline constexpr std::string_view kSshRsa = "ssh-rsa";

// Null where the numbers are none of such a key. `secret` may be empty: a public key.
[[nodiscard]] SshOwned<EVP_PKEY> ssh_ecdsa_key(const SshCurve& curve, ByteView point,
                                               ByteView secret);
[[nodiscard]] SshOwned<EVP_PKEY> ssh_rsa_key(ByteView modulus, ByteView exponent, ByteView secret);
/// A signature's two numbers as X9.62 has them; empty where they are none.
[[nodiscard]] ByteVector ecdsa_der(ByteView first, ByteView second);

}  // namespace strongroom::crypto
