// WebSocket frames (RFC 6455) without I/O: heads, masking, and following a stream of frames.
//
// Used by: gateway (relays frames; looks into the first text message). Threads: values. Strict:
// masked from a client and never from a server, control frames whole and of at most 125 octets,
// reserved bits only where an extension was negotiated, shortest lengths, fragments in order.
// Fuzzed: tests/fuzz/http_fuzz.cpp. SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "http/head.h"

namespace strongroom::http {

enum class Opcode : std::uint8_t {
  Continuation = 0,
  Text = 1,
  Binary = 2,
  Close = 8,
  Ping = 9,
  Pong = 10
};
[[nodiscard]] constexpr bool is_control(Opcode opcode) {
  return opcode >= Opcode::Close;
}

/// Who sends: a client masks every frame, a server none (RFC 6455 5.1).
enum class FrameSender : std::uint8_t { Client, Server };

inline constexpr std::size_t kMaxFrameHead = 14;
inline constexpr std::uint16_t kCloseProtocolError = 1002;
inline constexpr std::uint16_t kClosePolicy = 1008;
inline constexpr std::uint16_t kCloseTooLarge = 1009;
inline constexpr std::uint16_t kCloseUnableToServe = 1011;
inline constexpr std::uint16_t kCloseTryAgainLater = 1013;
inline constexpr std::uint8_t kRsv1 = 4;  ///< permessage-deflate (RFC 7692) uses it

struct FrameHead {
  Opcode opcode = Opcode::Text;
  bool is_final = true;
  std::uint8_t reserved = 0;  ///< the three bits, RSV1 is 4
  bool is_masked = false;
  std::array<std::uint8_t, 4> mask{};
  std::uint64_t length = 0;  ///< octets of payload, at most 2^62
};

struct FrameOutcome {
  ParseState state = ParseState::NeedMore;
  std::size_t consumed = 0;      ///< octets of the head when Complete
  std::uint16_t close_code = 0;  ///< when Bad
  std::string_view why;          ///< static text
};

/// One frame head at the start of `input`. `allowed_reserved`: bits that negotiated extensions use
/// (0 or kRsv1).
[[nodiscard]] FrameOutcome parse_frame_head(ByteView input, FrameSender sender,
                                            std::uint8_t allowed_reserved, FrameHead& out);
/// Shortest form; answers how many octets of `out` were written.
[[nodiscard]] std::size_t write_frame_head(const FrameHead& head,
                                           std::array<std::uint8_t, kMaxFrameHead>& out);
/// A close frame that says why: a code, and perhaps a word of at most 32 octets.
class CloseFrame {
 public:
  static constexpr std::size_t kMostWord = 32;
  CloseFrame(std::uint16_t code, FrameSender sender, std::string_view word = {});
  [[nodiscard]] ByteView octets() const { return ByteView(octets_).first(size_); }

 private:
  std::array<std::uint8_t, kMaxFrameHead + 2 + kMostWord> octets_{};
  std::size_t size_ = 0;
};
/// Masks or unmasks in place; `offset` is the payload's position of its first octet.
void apply_mask(MutableBytes payload, const std::array<std::uint8_t, 4>& mask,
                std::uint64_t offset);

/// Follows frames of one direction as they pass through, over any cuts. Checks the order of
/// fragments (RFC 6455 5.4).
class FrameFollower {
 public:
  FrameFollower(FrameSender sender, std::uint8_t allowed_reserved)
      : sender_(sender), allowed_reserved_(allowed_reserved) {}
  struct Step {
    ParseState state = ParseState::NeedMore;  ///< Complete: a frame ended with `consumed`; call
                                              ///< again with the rest
    std::size_t consumed = 0;
    std::size_t payload_at = 0;  ///< where in the input the run of payload starts
    std::size_t payload_size = 0;
    std::uint64_t offset = 0;      ///< of that run within the frame's payload (for unmasking)
    std::uint16_t close_code = 0;  ///< when Bad
    std::string_view why;
  };
  /// At most one frame's octets a call. After Bad the connection must be failed.
  [[nodiscard]] Step feed(ByteView input);
  /// The frame being read or just ended.
  [[nodiscard]] const FrameHead& frame() const { return frame_; }
  /// Octets of a head that is not whole yet.
  [[nodiscard]] std::size_t head_size() const { return partial_size_; }
  [[nodiscard]] bool is_in_payload() const { return in_payload_; }

 private:
  [[nodiscard]] std::string_view check_order();
  FrameSender sender_;
  std::uint8_t allowed_reserved_;
  FrameHead frame_;
  std::array<std::uint8_t, kMaxFrameHead> partial_{};  ///< a head cut by the end of input
  std::size_t partial_size_ = 0;
  std::uint64_t left_ = 0;
  bool in_payload_ = false;
  bool in_message_ = false;
  bool is_bad_ = false;
};

/// Sec-WebSocket-Accept for a Sec-WebSocket-Key (RFC 6455 4.2.2).
[[nodiscard]] std::string websocket_accept(std::string_view key);

}  // namespace strongroom::http
