// Bodies without I/O: where one ends, whatever its framing. SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <string>
#include <string_view>

#include "http/head.h"

namespace strongroom::http {

/// Room for a chunk's size line.
using ChunkLine = std::array<char, 24>;
/// Writes "SIZE CRLF" in hex (RFC 9112 7.1); answers how many octets that are.
[[nodiscard]] std::size_t write_chunk_line(std::size_t size, ChunkLine& line);

/// Follows the octets of one body as they pass through unchanged (a relay forwards the raw framing
/// octets when both sides use the same framing), or takes the content out of chunks. Strict chunk
/// syntax: extensions of at most 256 octets, sizes up to 2^62, CRLF only, trailers at most 8 KiB
/// and parsed as headers are; a trailer that would change framing or routing is refused.
class BodyFollower {
 public:
  /// What becomes of a trailer that is named like a credential.
  enum class Credentials : std::uint8_t { Refused, LeftOut };
  void start(BodyFraming framing, Credentials in_trailers = Credentials::Refused);
  struct Step {
    ParseState state = ParseState::NeedMore;  ///< Complete: the body ended after `consumed` octets
    std::size_t consumed = 0;     ///< octets of input that belong to the body (framing included)
    std::size_t of_trailers = 0;  ///< of those, what follows the last chunk's size line
    std::string_view
        content;  ///< content octets among them; empty for pure framing. Call again with the rest.
  };
  /// Feeds what arrived; answers at most one run of content a call. After Bad the connection must
  /// end.
  [[nodiscard]] Step feed(std::string_view input);
  [[nodiscard]] bool is_done() const { return phase_ == Phase::Done; }
  /// For UntilEnd: the connection ended. False when that cuts a body of another framing short.
  [[nodiscard]] bool end_of_input();
  /// The trailer fields that have come, "name: value" lines as they came, each with its CRLF; all
  /// of them once the body is done.
  [[nodiscard]] std::string_view trailers() const { return trailers_; }
  /// Has one been left out?
  [[nodiscard]] bool has_left_out() const { return has_left_out_; }

 private:
  enum class Phase : std::uint8_t {
    Length,
    ChunkSize,
    ChunkExtension,
    ChunkSizeLf,
    ChunkData,
    ChunkDataCr,
    ChunkDataLf,
    TrailerStart,
    TrailerName,
    TrailerValue,
    TrailerLf,
    LastLf,
    UntilEnd,
    Done,
    Bad
  };
  /// One octet of framing.
  [[nodiscard]] Phase take(char octet);
  [[nodiscard]] Phase take_size(char octet);
  [[nodiscard]] Phase begin_chunk();
  [[nodiscard]] Phase take_trailer(char octet);
  [[nodiscard]] Phase take_trailer_name();
  static constexpr std::uint32_t kMaxExtension = 256;
  static constexpr std::uint32_t kMaxTrailers = 8U << 10U;
  static constexpr std::size_t kLongestTrailerName = 64;
  Phase phase_ = Phase::Done;
  std::uint64_t left_ = 0;
  std::uint64_t total_ = 0;
  std::uint64_t stated_ = 0;  ///< what all chunks hold together, where somebody has said it
  bool is_stated_ = false;
  std::uint32_t digits_ = 0;
  std::uint32_t extra_ = 0;  ///< octets of extension, or of all trailers, so far
  std::array<char, kLongestTrailerName> name_{};  ///< of the trailer being read
  std::uint32_t name_size_ = 0;
  Credentials in_trailers_ = Credentials::Refused;
  bool is_leaving_out_ = false;  ///< the trailer being read
  bool has_left_out_ = false;
  std::string trailers_;  ///< nearly always empty
};

}  // namespace strongroom::http
