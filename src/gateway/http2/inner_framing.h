// How bodies go through a pair of joined streams at whose other end is HTTP/2.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "http/head.h"

namespace strongroom::gateway {

/// In chunks, also where the head says a length, be it 0: HTTP/2 has a place for trailers behind
/// any body, HTTP/1 only behind chunks. http::BodyFollower holds the chunks to the length. Such a
/// message stays in memory: towards a real HTTP/1 peer, what the head says is what follows.
[[nodiscard]] constexpr http::BodyFraming framing_inside(http::BodyFraming framing) {
  if (framing.kind == http::BodyKind::Length || framing.says_empty)
    framing.kind = http::BodyKind::Chunked;
  return framing;
}

}  // namespace strongroom::gateway
