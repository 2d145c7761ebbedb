// SPDX-License-Identifier: Apache-2.0
#include "crypto/gcm.h"

#include <openssl/evp.h>
#include <algorithm>
#include <array>
#include <memory>

#include "base/check.h"

namespace strongroom::crypto {
namespace {

struct Freer {
  void operator()(EVP_CIPHER_CTX* context) const { EVP_CIPHER_CTX_free(context); }
};

const EVP_CIPHER* cipher() {
  static const EVP_CIPHER* const algorithm = EVP_CIPHER_fetch(nullptr, "AES-256-GCM", nullptr);
  STRONGROOM_CHECK(algorithm != nullptr, "OpenSSL offers AES-256-GCM");
  return algorithm;
}

/// Reused; reset after each use so that no key schedule stays behind.
EVP_CIPHER_CTX* cipher_context() {
  thread_local const std::unique_ptr<EVP_CIPHER_CTX, Freer> context(EVP_CIPHER_CTX_new());
  STRONGROOM_CHECK(context != nullptr, "memory for a cipher");
  return context.get();
}

int length(std::size_t size) {
  return static_cast<int>(size);
}

void check_sizes(ByteView key, ByteView nonce, std::size_t longer, std::size_t shorter) {
  STRONGROOM_CHECK(key.size() == kGcmKey && nonce.size() == kGcmNonce &&
                       longer == shorter + kGcmTag && longer <= INT32_MAX,
                   "AES-256-GCM gets what it takes");
}

}  // namespace

void gcm_seal(ByteView key, ByteView nonce, ByteView associated, ByteView plain, MutableBytes out) {
  check_sizes(key, nonce, out.size(), plain.size());
  EVP_CIPHER_CTX* state = cipher_context();
  int done = 0;
  const bool is_sealed =
      EVP_EncryptInit_ex2(state, cipher(), key.data(), nonce.data(), nullptr) == 1 &&
      (associated.empty() || EVP_EncryptUpdate(state, nullptr, &done, associated.data(),
                                               length(associated.size())) == 1) &&
      (plain.empty() ||
       EVP_EncryptUpdate(state, out.data(), &done, plain.data(), length(plain.size())) == 1) &&
      EVP_EncryptFinal_ex(state, out.data() + plain.size(), &done) == 1 &&
      EVP_CIPHER_CTX_ctrl(state, EVP_CTRL_AEAD_GET_TAG, length(kGcmTag),
                          out.data() + plain.size()) == 1;
  EVP_CIPHER_CTX_reset(state);
  STRONGROOM_CHECK(is_sealed, "AES-256-GCM does not fail to seal");
}

bool gcm_open(ByteView key, ByteView nonce, ByteView associated, ByteView sealed,
              MutableBytes out) {
  check_sizes(key, nonce, sealed.size(), out.size());
  const ByteView text = sealed.first(out.size());
  std::array<std::uint8_t, kGcmTag> tag{};
  std::ranges::copy(sealed.last(kGcmTag), tag.begin());
  EVP_CIPHER_CTX* state = cipher_context();
  int done = 0;
  std::uint8_t none = 0;
  const bool is_open =
      EVP_DecryptInit_ex2(state, cipher(), key.data(), nonce.data(), nullptr) == 1 &&
      (associated.empty() || EVP_DecryptUpdate(state, nullptr, &done, associated.data(),
                                               length(associated.size())) == 1) &&
      (text.empty() ||
       EVP_DecryptUpdate(state, out.data(), &done, text.data(), length(text.size())) == 1) &&
      EVP_CIPHER_CTX_ctrl(state, EVP_CTRL_AEAD_SET_TAG, length(kGcmTag), tag.data()) == 1 &&
      EVP_DecryptFinal_ex(state, &none, &done) == 1;
  EVP_CIPHER_CTX_reset(state);
  return is_open;
}

}  // namespace strongroom::crypto
