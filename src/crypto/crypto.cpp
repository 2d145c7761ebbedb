// SPDX-License-Identifier: Apache-2.0
#include "crypto/crypto.h"

#include <openssl/evp.h>
#include <sys/random.h>
#include <memory>

#include "base/check.h"

namespace strongroom::crypto {
namespace {

struct Freer {
  void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
  void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
};
template <class T>
using Owned = std::unique_ptr<T, Freer>;

Owned<EVP_PKEY> private_key(const Secret& signing_key) {
  STRONGROOM_CHECK(signing_key.size() == 32, "an Ed25519 seed has 32 octets");
  return signing_key.reveal([](ByteView seed) {
    Owned<EVP_PKEY> key(
        EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, nullptr, seed.data(), seed.size()));
    STRONGROOM_CHECK(key != nullptr, "OpenSSL offers Ed25519");
    return key;
  });
}

}  // namespace

void random(MutableBytes out) {
  while (!out.empty()) {
    const ssize_t got = ::getrandom(out.data(), out.size(), 0);
    STRONGROOM_CHECK(got > 0, "the kernel gives random octets");
    out = out.subspan(static_cast<std::size_t>(got));
  }
}

Secret random_secret(std::size_t size) {
  Secret secret = Secret::of_size(size);
  secret.reveal_mutable([](MutableBytes out) { random(out); });
  return secret;
}

Secret generate_signing_key() {
  return random_secret(32);
}

PublicKey public_key_of(const Secret& signing_key) {
  PublicKey out{};
  std::size_t size = out.size();
  const bool done =
      EVP_PKEY_get_raw_public_key(private_key(signing_key).get(), out.data(), &size) == 1;
  STRONGROOM_CHECK(done && size == out.size(), "an Ed25519 key has a public half");
  return out;
}

Signature sign(const Secret& signing_key, ByteView message) {
  const auto key = private_key(signing_key);
  const Owned<EVP_MD_CTX> context(EVP_MD_CTX_new());
  Signature signature;
  std::size_t size = signature.size();
  const bool done =
      EVP_DigestSignInit(context.get(), nullptr, nullptr, nullptr, key.get()) == 1 &&
      EVP_DigestSign(context.get(), signature.data(), &size, message.data(), message.size()) == 1;
  STRONGROOM_CHECK(done && size == signature.size(), "Ed25519 signing does not fail");
  return signature;
}

bool verify(const PublicKey& key, ByteView message, const Signature& signature) {
  const Owned<EVP_PKEY> parsed(
      EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nullptr, key.data(), key.size()));
  const Owned<EVP_MD_CTX> context(EVP_MD_CTX_new());
  return parsed != nullptr &&
         EVP_DigestVerifyInit(context.get(), nullptr, nullptr, nullptr, parsed.get()) == 1 &&
         EVP_DigestVerify(context.get(), signature.data(), signature.size(), message.data(),
                          message.size()) == 1;
}

}  // namespace strongroom::crypto
