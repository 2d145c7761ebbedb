// SPDX-License-Identifier: Apache-2.0
#include "crypto/sha512.h"

#include <openssl/evp.h>
#include <cstdlib>

namespace strongroom::crypto {

std::array<std::uint8_t, 64> sha512(ByteView data) {
  std::array<std::uint8_t, 64> out{};
  std::size_t size = 0;
  const int done =
      EVP_Q_digest(nullptr, "SHA512", nullptr, data.data(), data.size(), out.data(), &size);
  if (done != 1 || size != out.size()) std::abort();
  return out;
}

}  // namespace strongroom::crypto
