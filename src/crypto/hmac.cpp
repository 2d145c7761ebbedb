// HMAC (RFC 2104) and HKDF (RFC 5869) over one SHA-256 context a thread: a database of a million
// rows needs several million of them, and OpenSSL's one-shot functions take five times the hashing
// for looking things up. What a context still knows of a key is overwritten after each.
// SPDX-License-Identifier: Apache-2.0
#include <openssl/evp.h>

#include <algorithm>
#include <array>
#include <initializer_list>
#include <memory>

#include "base/check.h"
#include "crypto/crypto.h"

namespace strongroom::crypto {
namespace {

constexpr std::size_t kBlock = 64;
constexpr std::uint8_t kInner = 0x36;
constexpr std::uint8_t kOuter = 0x5c;

struct Freer {
  void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
};

/// Fetched once: a look-up by name on each use would cost more than the hash.
const EVP_MD* algorithm() {
  static const EVP_MD* const sha256 = EVP_MD_fetch(nullptr, "SHA2-256", nullptr);
  STRONGROOM_CHECK(sha256 != nullptr, "OpenSSL offers SHA-256");
  return sha256;
}

EVP_MD_CTX* hash_context() {
  thread_local const std::unique_ptr<EVP_MD_CTX, Freer> context(EVP_MD_CTX_new());
  STRONGROOM_CHECK(context != nullptr, "memory for a hash");
  return context.get();
}

using Pieces = std::initializer_list<ByteView>;

void hash(EVP_MD_CTX* context, Pieces pieces, MutableBytes out) {
  unsigned size = 0;
  bool done = EVP_DigestInit_ex2(context, algorithm(), nullptr) == 1;
  for (const ByteView piece : pieces)
    done = done && EVP_DigestUpdate(context, piece.data(), piece.size()) == 1;
  done = done && EVP_DigestFinal_ex(context, out.data(), &size) == 1;
  STRONGROOM_CHECK(done && size == out.size(), "SHA-256 does not fail");
}

/// The MAC of the pieces, one after the other; `out` may be one of them.
void mac(ByteView key, Pieces pieces, MutableBytes out) {
  EVP_MD_CTX* context = hash_context();
  std::array<std::uint8_t, kBlock> pad{};
  if (key.size() <= kBlock)
    std::ranges::copy(key, pad.begin());
  else
    hash(context, {key}, MutableBytes(pad).first(out.size()));
  for (auto& octet : pad) octet ^= kInner;
  unsigned size = 0;
  bool done = EVP_DigestInit_ex2(context, algorithm(), nullptr) == 1 &&
              EVP_DigestUpdate(context, pad.data(), pad.size()) == 1;
  for (const ByteView piece : pieces)
    done = done && EVP_DigestUpdate(context, piece.data(), piece.size()) == 1;
  std::array<std::uint8_t, std::tuple_size_v<Digest>> inner{};
  done = done && EVP_DigestFinal_ex(context, inner.data(), &size) == 1;
  STRONGROOM_CHECK(done && size == inner.size(), "SHA-256 does not fail");
  for (auto& octet : pad) octet ^= kInner ^ kOuter;
  hash(context, {pad, inner}, out);
  // Its state is what came out: the next beginning overwrites it.
  STRONGROOM_CHECK(EVP_DigestInit_ex2(context, algorithm(), nullptr) == 1, "SHA-256 begins");
  wipe(pad.data(), pad.size());
  wipe(inner.data(), inner.size());
}

}  // namespace

Digest hmac_sha256(const Secret& key, ByteView data) {
  Digest digest;
  key.reveal([&](ByteView plain) { mac(plain, {data}, digest); });
  return digest;
}

Secret hkdf_sha256(const Secret& input, ByteView salt, ByteView info, std::size_t size) {
  constexpr std::size_t kHash = std::tuple_size_v<Digest>;
  STRONGROOM_CHECK(size > 0 && size <= 255 * kHash, "HKDF gives up to 8,160 octets");
  // Without a salt, RFC 5869 takes zeros; HMAC fills every key up with them.
  Digest extracted;
  input.reveal([&](ByteView key) { mac(salt, {key}, extracted); });
  Secret out = Secret::of_size(size);
  Digest block;
  out.reveal_mutable([&](MutableBytes derived) {
    std::uint8_t number = 0;
    for (std::size_t done = 0; done < size; done += kHash) {
      ++number;
      const ByteView before = number == 1 ? ByteView() : ByteView(block);
      mac(extracted, {before, info, ByteView(&number, 1)}, block);
      const auto rest = std::min(kHash, size - done);
      std::copy_n(block.begin(), rest, derived.begin() + static_cast<std::ptrdiff_t>(done));
    }
  });
  wipe(extracted.data(), extracted.size());
  wipe(block.data(), block.size());
  return out;
}

}  // namespace strongroom::crypto
