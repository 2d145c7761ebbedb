// SPDX-License-Identifier: Apache-2.0
#include "crypto/password_verifiers.h"

#include <openssl/evp.h>
#include <algorithm>
#include <array>

#include "base/check.h"
#include "base/encoding.h"
#include "crypto/crypto.h"

namespace strongroom::crypto {
namespace {

constexpr int kIterations = 4096;  // what PostgreSQL takes by default
using Sha1 = std::array<std::uint8_t, 20>;

Sha1 sha1(ByteView data) {
  Sha1 digest{};
  const int done =
      EVP_Digest(data.data(), data.size(), digest.data(), nullptr, EVP_sha1(), nullptr);
  STRONGROOM_CHECK(done == 1, "OpenSSL offers SHA-1");
  return digest;
}

}  // namespace

std::string scram_sha256_verifier(const Secret& password, ByteView salt) {
  Secret salted = Secret::of_size(sizeof(Digest));
  password.reveal([&](ByteView plain) {
    salted.reveal_mutable([&](MutableBytes out) {
      const int done = PKCS5_PBKDF2_HMAC(text_of(plain).data(), static_cast<int>(plain.size()),
                                         salt.data(), static_cast<int>(salt.size()), kIterations,
                                         EVP_sha256(), static_cast<int>(out.size()), out.data());
      STRONGROOM_CHECK(done == 1, "OpenSSL offers PBKDF2");
    });
  });
  Digest client = hmac_sha256(salted, bytes_of("Client Key"));
  const Digest stored = sha256(client);
  wipe(client.data(), client.size());
  const Digest server = hmac_sha256(salted, bytes_of("Server Key"));
  return "SCRAM-SHA-256$" + std::to_string(kIterations) + ":" + to_base64(salt) + "$" +
         to_base64(stored) + ":" + to_base64(server);
}

std::string mysql_native_verifier(const Secret& password) {
  Sha1 once = password.reveal([](ByteView plain) { return sha1(plain); });
  const Sha1 twice = sha1(once);
  wipe(once.data(), once.size());
  std::string text = to_hex(twice);
  std::ranges::transform(text, text.begin(), [](char c) {
    return c >= 'a' && c <= 'f' ? static_cast<char>(c - 'a' + 'A') : c;
  });
  return "*" + text;
}

}  // namespace strongroom::crypto
