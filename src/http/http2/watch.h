// Counts the frames of one HTTP/2 connection before the library sees them, and says when a peer
// sends more of a kind than Http2Limits allows. Inside the room only.
//
// It reads nothing but the nine octets of each frame's head, so what it counts does not depend on
// how the octets were cut or on what the library makes of them. SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "base/bytes.h"
#include "base/clock.h"
#include "http/http2/limits.h"

namespace strongroom::http {

inline constexpr std::string_view kHttp2Preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
inline constexpr std::size_t kHttp2FrameHead = 9;

/// How often something happened within the last second: this second's count, and of the one before
/// the share that still lies within.
class SecondMeter {
 public:
  /// One more; answers the count with it.
  std::uint32_t add(SteadyTime now);

 private:
  SteadyTime start_{};
  std::uint32_t current_ = 0;
  std::uint32_t previous_ = 0;
};

/// RFC 9113 6.
enum class Http2FrameType : std::uint8_t {
  Data = 0,
  Headers = 1,
  Priority = 2,
  RstStream = 3,
  Settings = 4,
  PushPromise = 5,
  Ping = 6,
  GoAway = 7,
  WindowUpdate = 8,
  Continuation = 9,
};

class Http2FrameWatch {
 public:
  /// `preface`: octets that come before the first frame (a client's connection preface; 0 where the
  /// peer is a server).
  Http2FrameWatch(const Http2Limits& limits, std::size_t preface)
      : limits_(limits), is_peer_client_(preface > 0), skip_(preface) {}

  struct Step {
    std::size_t good = 0;     ///< octets before the head of the frame that is too much
    std::string_view reason;  ///< of http2_reason; empty when all are good
  };
  [[nodiscard]] Step look(ByteView octets, SteadyTime now);
  /// A stream that we reset because of what the peer sent, or one more frame without content.
  /// Answers the reason when that was too much.
  [[nodiscard]] std::string_view note_reset(SteadyTime now);
  [[nodiscard]] std::string_view note_empty(SteadyTime now);
  /// We sent HEADERS or DATA with so many octets: what earns a peer its PINGs and window updates,
  /// and a server its resets.
  void note_sent(std::size_t octets);
  /// An answer's end has left: a client may reset its stream, however many there are in a second.
  void note_answered();

 private:
  [[nodiscard]] std::string_view judge(SteadyTime now);
  [[nodiscard]] std::string_view judge_other(SteadyTime now);
  const Http2Limits& limits_;
  const bool is_peer_client_;
  std::size_t skip_;  ///< octets until the next frame's head
  std::array<std::uint8_t, kHttp2FrameHead> head_{};
  std::uint8_t head_size_ = 0;
  std::uint32_t continuations_ = 0;
  std::uint32_t ping_credit_ = 0;
  std::uint32_t reset_credit_ = 0;
  std::size_t octet_credit_ = 0;
  SecondMeter resets_;
  SecondMeter pings_;
  SecondMeter settings_;
  SecondMeter empty_;
  SecondMeter control_;
};

}  // namespace strongroom::http
