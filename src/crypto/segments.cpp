// SPDX-License-Identifier: Apache-2.0
#include "crypto/segments.h"

#include <array>

#include "base/check.h"
#include "crypto/gcm.h"

namespace strongroom::crypto {
namespace {

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
  key_.reveal([&](ByteView key) { gcm_seal(key, nonce, {}, plain, out); });
  return out;
}

Result<ByteVector> SegmentOpener::open(ByteView segment, Place place) {
  const auto wrong = [] {
    return fail(Code::Tampered, "a segment does not open: it was changed, moved or cut off");
  };
  if (segment.size() < kSegmentOverhead || segment.size() > kSegmentSize + kSegmentOverhead ||
      number_ == UINT32_MAX)
    return wrong();
  ByteVector out(segment.size() - kSegmentOverhead);
  const auto nonce = nonce_of(number_++, place);
  const bool opened =
      key_.reveal([&](ByteView key) { return gcm_open(key, nonce, {}, segment, out); });
  if (!opened) return wrong();
  return out;
}

}  // namespace strongroom::crypto
