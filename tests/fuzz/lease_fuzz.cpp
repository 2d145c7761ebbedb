// Fuzzes the decoder of the lease channel: nothing crashes, and what is accepted is canonical
// (encodes to the same octets). SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "base/check.h"
#include "lease/messages.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace strongroom;
  const ByteView body(data, size);
  const auto message = lease::decode(body);
  if (!message) return 0;
  ByteVector frame;
  lease::encode(*message, frame);
  STRONGROOM_CHECK(std::ranges::equal(ByteView(frame).subspan(4), body),
                   "a decoded frame encodes to itself");
  return 0;
}
