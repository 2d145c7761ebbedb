// What stands around one chunk of a body (RFC 9112 7.1): its size line before, and what follows.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

#include "http/body.h"

namespace strongroom::gateway {

/// Octets that end a chunk, before whatever is next.
inline constexpr std::size_t kChunkEnd = 2;

class ChunkMarks {
 public:
  /// Of a body that is not in chunks.
  ChunkMarks() = default;
  /// Of no octets there is no chunk; after the last the body ends.
  ChunkMarks(std::size_t size, bool is_last) {
    if (size > 0) line_size_ = http::write_chunk_line(size, line_);
    after_ = size == 0 ? std::string_view() : "\r\n";
    if (is_last) after_ = size == 0 ? "0\r\n\r\n" : "\r\n0\r\n\r\n";
  }
  /// "CRLF 0 CRLF fields CRLF" in place of the plain end.
  void end_with(std::string_view trailers) {
    after_ = line_size_ > 0 ? trailers : trailers.substr(kChunkEnd);
  }
  [[nodiscard]] std::string_view before() const { return {line_.data(), line_size_}; }
  [[nodiscard]] std::string_view after() const { return after_; }

 private:
  http::ChunkLine line_{};
  std::size_t line_size_ = 0;
  std::string_view after_;
};

}  // namespace strongroom::gateway
