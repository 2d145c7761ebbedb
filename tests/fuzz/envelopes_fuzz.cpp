// Fuzzes the following of gRPC's messages: where they end is the same however the octets are cut,
// and is where their lengths say. The first octet chooses the cuts. SPDX-License-Identifier:
// Apache-2.0
#include <algorithm>

#include "base/check.h"
#include "http/envelopes.h"

using namespace strongroom;

namespace {

/// From the lengths alone, over all of it at once.
bool ends_between(ByteView body) {
  while (!body.empty()) {
    if (body.size() < 5) return false;
    std::uint64_t length = 0;
    for (std::size_t i = 1; i < 5; ++i) length = length * 256 + body[i];
    if (body.size() - 5 < length) return false;
    body = body.subspan(5 + static_cast<std::size_t>(length));
  }
  return true;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::size_t piece = 1 + data[0] % 16;
  const ByteView body(data + 1, size - 1);
  http::EnvelopeFollower follower;
  for (std::size_t at = 0; at < body.size();) {
    const ByteView now = body.subspan(at, std::min(piece, body.size() - at));
    follower.feed(now);
    at += now.size();
    STRONGROOM_CHECK(follower.is_between() == ends_between(body.first(at)), "as the lengths say");
  }
  return 0;
}
