// VerifyingKey: a public key of somebody else's, and whether a signature is its.
//
// ES256 (ECDSA over P-256 with SHA-256), EdDSA (Ed25519), RS256 and PS256 (RSASSA-PKCS1-v1_5 and
// RSASSA-PSS with SHA-256, 2048 bits or more): a key signs by its one algorithm, whatever a message
// says of itself. Used by: vault (passkeys), issuer (identity tokens). Threads: const methods any.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>

#include "base/bytes.h"
#include "base/result.h"

struct evp_pkey_st;

namespace strongroom::crypto {

class VerifyingKey {
 public:
  enum class Algorithm : std::uint8_t { Es256, EdDsa, Rs256, Ps256 };

  // Invalid where the numbers are no such key. Big-endian.
  [[nodiscard]] static Result<VerifyingKey> es256(ByteView x, ByteView y);
  [[nodiscard]] static Result<VerifyingKey> ed_dsa(ByteView x);
  [[nodiscard]] static Result<VerifyingKey> rs256(ByteView modulus, ByteView exponent);
  [[nodiscard]] static Result<VerifyingKey> ps256(ByteView modulus, ByteView exponent);
  /// A COSE_Key (RFC 9052) as authenticators give it, at the front of `octets`; what it takes of
  /// them is taken off. Nothing but the parameters of one ES256, EdDSA or RS256 may stand in it.
  [[nodiscard]] static Result<VerifyingKey> read_cose(ByteView& octets);

  [[nodiscard]] Algorithm algorithm() const { return algorithm_; }
  /// Of ES256 a signature is in DER, as authenticators give it.
  [[nodiscard]] bool verify(ByteView data, ByteView signature) const;
  /// The same as JOSE has it (RFC 7518): of ES256 a signature is its two numbers, 32 octets each.
  [[nodiscard]] bool verify_jose(ByteView data, ByteView signature) const;

 private:
  VerifyingKey(Algorithm algorithm, std::shared_ptr<evp_pkey_st> key)
      : algorithm_(algorithm), key_(std::move(key)) {}
  Algorithm algorithm_;
  std::shared_ptr<evp_pkey_st> key_;
};

}  // namespace strongroom::crypto
