// SPDX-License-Identifier: Apache-2.0
#include <openssl/evp.h>

#include <array>

#include "base/check.h"
#include "crypto/crypto.h"

namespace strongroom::crypto {

std::uint32_t hotp(const Secret& key, std::uint64_t counter) {
  std::array<std::uint8_t, 8> message{};
  for (std::size_t each = 0; each < message.size(); ++each)
    message.at(each) = static_cast<std::uint8_t>(counter >> (8 * (message.size() - 1 - each)));
  std::array<std::uint8_t, 20> made{};
  std::size_t size = 0;
  const bool done = key.reveal([&](ByteView plain) {
    return EVP_Q_mac(nullptr, "HMAC", nullptr, "SHA1", nullptr, plain.data(), plain.size(),
                     message.data(), message.size(), made.data(), made.size(), &size) != nullptr;
  });
  STRONGROOM_CHECK(done && size == made.size(), "HMAC-SHA-1 does not fail");
  const std::size_t at = made.back() & 0x0FU;
  std::uint32_t number = 0;
  for (std::size_t each = 0; each < 4; ++each) number = (number << 8U) | made.at(at + each);
  wipe(made.data(), made.size());
  return number & 0x7FFFFFFFU;
}

}  // namespace strongroom::crypto
