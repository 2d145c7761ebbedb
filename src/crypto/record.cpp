// SPDX-License-Identifier: Apache-2.0
#include "crypto/record.h"

#include <openssl/evp.h>
#include <algorithm>
#include <array>
#include <memory>

#include "base/check.h"
#include "base/encoding.h"
#include "crypto/crypto.h"

namespace strongroom::crypto {
namespace {

constexpr std::uint8_t kFormat = 1;
constexpr std::uint8_t kSuite = 1;
constexpr std::size_t kSaltAt = 2;
constexpr std::size_t kCommitmentAt = 34;
constexpr std::size_t kNonceAt = 66;
constexpr std::size_t kTextAt = 78;
constexpr std::size_t kTag = 16;

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

/// Subkey in the first half, commitment in the second.
Secret derive(const Secret& key, ByteView salt, ByteView context) {
  ByteVector info;
  Writer writer(info);
  writer.text("strongroom record v1");
  writer.blob(context);
  return hkdf_sha256(key, salt, info, 64);
}

ByteVector associated_data(ByteView head, ByteView context) {
  ByteVector out;
  Writer writer(out);
  writer.blob(head);
  writer.blob(context);
  return out;
}

int length(std::size_t size) {
  return static_cast<int>(size);
}

}  // namespace

ByteVector seal_record(const Secret& key, ByteView context, const Secret& plain) {
  ByteVector record(kRecordOverhead + plain.size());
  const MutableBytes all(record);
  record[0] = kFormat;
  record[1] = kSuite;
  // One call of the kernel for both.
  std::array<std::uint8_t, 32 + 12> chance;
  random(chance);
  std::ranges::copy(ByteView(chance).first(32), record.begin() + kSaltAt);
  std::ranges::copy(ByteView(chance).subspan(32), record.begin() + kNonceAt);
  const Secret keys = derive(key, all.subspan(kSaltAt, 32), context);
  keys.reveal([&](ByteView both) {
    std::copy(both.begin() + 32, both.end(), record.begin() + kCommitmentAt);
  });
  const ByteVector associated = associated_data(all.first(kNonceAt), context);
  EVP_CIPHER_CTX* cipher_state = cipher_context();
  int done = 0;
  const bool sealed =
      keys.reveal([&](ByteView both) {
        return EVP_EncryptInit_ex2(cipher_state, cipher(), both.data(), record.data() + kNonceAt,
                                   nullptr) == 1;
      }) &&
      EVP_EncryptUpdate(cipher_state, nullptr, &done, associated.data(),
                        length(associated.size())) == 1 &&
      plain.reveal([&](ByteView text) {
        return text.empty() || EVP_EncryptUpdate(cipher_state, record.data() + kTextAt, &done,
                                                 text.data(), length(text.size())) == 1;
      }) &&
      EVP_EncryptFinal_ex(cipher_state, record.data() + kTextAt + plain.size(), &done) == 1 &&
      EVP_CIPHER_CTX_ctrl(cipher_state, EVP_CTRL_AEAD_GET_TAG, kTag,
                          record.data() + kTextAt + plain.size()) == 1;
  EVP_CIPHER_CTX_reset(cipher_state);
  STRONGROOM_CHECK(sealed, "AES-256-GCM does not fail to seal");
  return record;
}

Result<Secret> open_record(const Secret& key, ByteView context, ByteView record) {
  if (record.size() < kRecordOverhead || record.size() > kRecordOverhead + Secret::kMaxSize)
    return fail(Code::Tampered, "a sealed record has an impossible length");
  if (record[0] != kFormat || record[1] != kSuite)
    return fail(Code::Tampered,
                "a sealed record is of a format or suite that this version does not know");
  const Secret keys = derive(key, record.subspan(kSaltAt, 32), context);
  const bool committed = keys.reveal([&](ByteView both) {
    return equal_constant_time(both.subspan(32), record.subspan(kCommitmentAt, 32));
  });
  if (!committed)
    return fail(
        Code::Tampered,
        "a sealed record does not open: it was changed, moved, or sealed under another key");
  const ByteVector associated = associated_data(record.first(kNonceAt), context);
  const ByteView text = record.subspan(kTextAt, record.size() - kRecordOverhead);
  ByteVector tag(record.end() - kTag, record.end());
  Secret plain = Secret::of_size(text.size());
  EVP_CIPHER_CTX* cipher_state = cipher_context();
  int done = 0;
  std::uint8_t none = 0;
  const bool opened =
      keys.reveal([&](ByteView both) {
        return EVP_DecryptInit_ex2(cipher_state, cipher(), both.data(), record.data() + kNonceAt,
                                   nullptr) == 1;
      }) &&
      EVP_DecryptUpdate(cipher_state, nullptr, &done, associated.data(),
                        length(associated.size())) == 1 &&
      plain.reveal_mutable([&](MutableBytes out) {
        return text.empty() || EVP_DecryptUpdate(cipher_state, out.data(), &done, text.data(),
                                                 length(text.size())) == 1;
      }) &&
      EVP_CIPHER_CTX_ctrl(cipher_state, EVP_CTRL_AEAD_SET_TAG, kTag, tag.data()) == 1 &&
      EVP_DecryptFinal_ex(cipher_state, &none, &done) == 1;
  EVP_CIPHER_CTX_reset(cipher_state);
  if (!opened)
    return fail(Code::Tampered, "a sealed record does not open: it was changed or moved");
  return plain;
}

}  // namespace strongroom::crypto
