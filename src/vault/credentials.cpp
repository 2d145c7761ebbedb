// SPDX-License-Identifier: Apache-2.0
#include "vault/credentials.h"

#include <array>

#include "base/encoding.h"
#include "crypto/crypto.h"

namespace strongroom::vault {

std::string make_credential(std::string_view start) {
  std::array<std::uint8_t, 32> octets{};
  crypto::random(octets);
  std::string credential = std::string(start) + to_base64url(octets);
  wipe(octets.data(), octets.size());
  return credential;
}

ByteVector kept_hash(std::string_view credential) {
  const auto hash = crypto::sha256(bytes_of(credential));
  return {hash.begin(), hash.end()};
}

}  // namespace strongroom::vault
