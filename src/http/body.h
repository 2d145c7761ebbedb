// Bodies without I/O: where one ends, whatever its framing. SPDX-License-Identifier: Apache-2.0
#pragma once

#include "http/head.h"

namespace strongroom::http {

/// Follows the octets of one body as they pass through unchanged (a relay forwards the raw framing octets when both sides use the same
/// framing), or takes the content out of chunks. Strict chunk syntax: no extensions over 256 octets, sizes up to 2^62, CRLF only,
/// trailers at most 8 KiB and parsed as headers are.
class BodyFollower {
 public:
  void start(BodyFraming framing);
  struct Step {
    ParseState state = ParseState::NeedMore;  ///< Complete: the body ended after `consumed` octets
    std::size_t consumed = 0;                 ///< octets of input that belong to the body (framing included)
    std::string_view content;                 ///< content octets among them; empty for pure framing. Call again with the rest.
  };
  /// Feeds what arrived; answers at most one run of content a call.
  [[nodiscard]] Step feed(std::string_view input);
  [[nodiscard]] bool is_done() const { return done_; }
  /// For UntilEnd: the connection ended. False when that cuts a body of another framing short.
  [[nodiscard]] bool end_of_input();
  [[nodiscard]] std::uint64_t content_so_far() const { return total_; }

 private:
  enum class Phase : std::uint8_t { Length, ChunkSize, ChunkExtension, ChunkSizeLf, ChunkData, ChunkDataCr, ChunkDataLf, Trailer, UntilEnd, Done };
  Phase phase_ = Phase::Done;
  std::uint64_t left_ = 0;
  std::uint64_t total_ = 0;
  std::uint32_t digits_ = 0;
  std::uint32_t extra_ = 0;   ///< octets of extension or trailer so far
  std::uint32_t trailer_state_ = 0;
  bool done_ = true;
};

}  // namespace strongroom::http
