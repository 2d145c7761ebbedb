// HMAC (RFC 2104) and HKDF (RFC 5869) over SHA-256: OpenSSL's one-shot functions take five times
// the hashing for looking things up. SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <initializer_list>

#include "base/check.h"
#include "crypto/crypto.h"
#include "crypto/mac_key.h"
#include "crypto/sha256.h"

namespace strongroom::crypto {
namespace {

constexpr std::uint8_t kInner = 0x36;
constexpr std::uint8_t kOuter = 0x5c;
constexpr std::size_t kHash = std::tuple_size_v<Digest>;
constexpr std::size_t kState = Sha256::kState;

using Pieces = std::initializer_list<ByteView>;

/// The states behind the inner and the outer block of a key, one behind the other.
void begin(ByteView key, MutableBytes states) {
  std::array<std::uint8_t, Sha256::kBlock> pad{};
  if (key.size() <= pad.size())
    std::ranges::copy(key, pad.begin());
  else
    Sha256().update(key).finish(MutableBytes(pad).first(kHash));
  for (auto& octet : pad) octet ^= kInner;
  Sha256().update(pad).save(states.first(kState));
  for (auto& octet : pad) octet ^= kInner ^ kOuter;
  Sha256().update(pad).save(states.subspan(kState));
  wipe(pad.data(), pad.size());
}

/// The MAC of the pieces, one after the other; `out` may be one of them.
void end(ByteView states, Pieces pieces, MutableBytes out) {
  Digest inner;
  Sha256 hash(states.first(kState));
  for (const ByteView piece : pieces) hash.update(piece);
  hash.finish(inner);
  Sha256(states.subspan(kState)).update(inner).finish(out);
  wipe(inner.data(), inner.size());
}

void mac(ByteView key, Pieces pieces, MutableBytes out) {
  std::array<std::uint8_t, 2 * kState> states;
  begin(key, states);
  end(states, pieces, out);
  wipe(states.data(), states.size());
}

}  // namespace

MacKey::MacKey(const Secret& key) : states_(Secret::of_size(2 * kState)) {
  key.reveal([&](ByteView plain) {
    states_.reveal_mutable([&](MutableBytes states) { begin(plain, states); });
  });
}

MacKey MacKey::duplicate() const {
  MacKey out;
  out.states_ = states_.duplicate();
  return out;
}

Digest MacKey::of(ByteView message) const {
  STRONGROOM_CHECK(!states_.is_empty(), "a MAC has a key");
  Digest digest;
  states_.reveal([&](ByteView states) { end(states, {message}, digest); });
  return digest;
}

Digest hmac_sha256(const Secret& key, ByteView data) {
  Digest digest;
  key.reveal([&](ByteView plain) { mac(plain, {data}, digest); });
  return digest;
}

Secret hkdf_sha256(const Secret& input, ByteView salt, ByteView info, std::size_t size) {
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
