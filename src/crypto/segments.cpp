// SPDX-License-Identifier: Apache-2.0
#include "crypto/segments.h"

#include <openssl/evp.h>
#include <array>
#include <memory>

#include "base/check.h"

namespace strongroom::crypto {
namespace {

struct Freer {
  void operator()(EVP_CIPHER_CTX* context) const { EVP_CIPHER_CTX_free(context); }
};
using Cipher = std::unique_ptr<EVP_CIPHER_CTX, Freer>;

Cipher new_cipher() {
  Cipher cipher(EVP_CIPHER_CTX_new());
  STRONGROOM_CHECK(cipher != nullptr, "memory for a cipher");
  return cipher;
}

std::array<std::uint8_t, 12> nonce_of(std::uint32_t number, Place place) {
  std::array<std::uint8_t, 12> nonce{};
  for (std::size_t i = 0; i < 4; ++i)
    nonce[7 + i] = static_cast<std::uint8_t>(number >> (24U - 8U * i));
  nonce[11] = place == Place::Last ? 1 : 0;
  return nonce;
}

}  // namespace

ByteVector SegmentSealer::seal(ByteView plain, Place place) {
  STRONGROOM_CHECK(plain.size() <= kSegmentSize && number_ != UINT32_MAX, "a segment has its size");
  ByteVector out(plain.size() + kSegmentOverhead);
  const auto nonce = nonce_of(number_++, place);
  const Cipher cipher = new_cipher();
  int done = 0;
  const bool sealed =
      key_.reveal([&](ByteView key) {
        return EVP_EncryptInit_ex2(cipher.get(), EVP_aes_256_gcm(), key.data(), nonce.data(),
                                   nullptr) == 1;
      }) &&
      (plain.empty() || EVP_EncryptUpdate(cipher.get(), out.data(), &done, plain.data(),
                                          static_cast<int>(plain.size())) == 1) &&
      EVP_EncryptFinal_ex(cipher.get(), out.data() + plain.size(), &done) == 1 &&
      EVP_CIPHER_CTX_ctrl(cipher.get(), EVP_CTRL_AEAD_GET_TAG, kSegmentOverhead,
                          out.data() + plain.size()) == 1;
  STRONGROOM_CHECK(sealed, "AES-256-GCM does not fail to seal");
  return out;
}

Result<ByteVector> SegmentOpener::open(ByteView segment, Place place) {
  const auto wrong = [] {
    return fail(Code::Tampered, "a segment does not open: it was changed, moved or cut off");
  };
  if (segment.size() < kSegmentOverhead || segment.size() > kSegmentSize + kSegmentOverhead ||
      number_ == UINT32_MAX)
    return wrong();
  const ByteView text = segment.first(segment.size() - kSegmentOverhead);
  ByteVector tag(segment.end() - kSegmentOverhead, segment.end());
  ByteVector out(text.size());
  const auto nonce = nonce_of(number_++, place);
  const Cipher cipher = new_cipher();
  int done = 0;
  std::uint8_t none = 0;
  const bool opened =
      key_.reveal([&](ByteView key) {
        return EVP_DecryptInit_ex2(cipher.get(), EVP_aes_256_gcm(), key.data(), nonce.data(),
                                   nullptr) == 1;
      }) &&
      (text.empty() || EVP_DecryptUpdate(cipher.get(), out.data(), &done, text.data(),
                                         static_cast<int>(text.size())) == 1) &&
      EVP_CIPHER_CTX_ctrl(cipher.get(), EVP_CTRL_AEAD_SET_TAG, kSegmentOverhead, tag.data()) == 1 &&
      EVP_DecryptFinal_ex(cipher.get(), &none, &done) == 1;
  if (!opened) return wrong();
  return out;
}

}  // namespace strongroom::crypto
