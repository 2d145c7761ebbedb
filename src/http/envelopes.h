// EnvelopeFollower: where the messages of a gRPC body end. Each stands behind five octets: a flag,
// and its length in four. Nothing is judged: what is no such body only has other ends. Without I/O.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/bytes.h"

namespace strongroom::http {

/// Does a body of this Content-Type consist of such messages (gRPC, gRPC-Web, Connect)?
[[nodiscard]] bool has_envelopes(std::string_view content_type);

class EnvelopeFollower {
 public:
  void feed(ByteView content);
  /// What was fed ends where a message ends.
  [[nodiscard]] bool is_between() const { return head_size_ == 0 && left_ == 0; }

 private:
  static constexpr std::size_t kHead = 5;
  std::array<std::uint8_t, kHead> head_{};
  std::size_t head_size_ = 0;  ///< of the next message's, so far
  std::size_t left_ = 0;       ///< of a message
};

}  // namespace strongroom::http
