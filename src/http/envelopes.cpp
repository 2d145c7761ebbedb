// SPDX-License-Identifier: Apache-2.0
#include "http/envelopes.h"

#include <algorithm>

#include "http/head.h"

namespace strongroom::http {

bool has_envelopes(std::string_view content_type) {
  constexpr std::string_view kGrpc = "application/grpc";
  constexpr std::string_view kText = "application/grpc-web-text";
  constexpr std::string_view kConnect = "application/connect+";
  const auto begins_with = [&](std::string_view start) {
    return starts_ignoring_case(content_type, start);
  };
  return begins_with(kConnect) || (begins_with(kGrpc) && !begins_with(kText));
}

void EnvelopeFollower::feed(ByteView content) {
  while (!content.empty()) {
    if (left_ > 0) {
      const std::size_t part = std::min(left_, content.size());
      left_ -= part;
      content = content.subspan(part);
      continue;
    }
    head_[head_size_++] = content.front();
    content = content.subspan(1);
    if (head_size_ < kHead) continue;
    head_size_ = 0;
    for (std::size_t i = 1; i < kHead; ++i) left_ = left_ << 8U | head_[i];
  }
}

}  // namespace strongroom::http
