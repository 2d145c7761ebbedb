// What one HTTP/2 connection may cost, and the words with which it is ended when it costs more.
//
// Used by: Http2Session, and whoever sets them (gateway). Every limit that a peer breaks ends the
// connection with GOAWAY ENHANCE_YOUR_CALM and a Status whose `reason` is the constant named beside
// it. Rates are over a sliding second of the injected clock. SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/bytes.h"

namespace strongroom::http {

/// RFC 9113 7. A peer may send others; they pass through as numbers.
enum class Http2Code : std::uint32_t {
  NoError = 0,
  ProtocolError = 1,
  InternalError = 2,
  FlowControlError = 3,
  SettingsTimeout = 4,
  StreamClosed = 5,
  FrameSizeError = 6,
  RefusedStream = 7,  ///< nothing was done: the request may be sent again
  Cancel = 8,
  CompressionError = 9,
  ConnectError = 10,
  EnhanceYourCalm = 11,
  InadequateSecurity = 12,
  Http11Required = 13,
};

/// Error::reason of a session that has ended.
namespace http2_reason {
inline constexpr std::string_view kProtocol = "http2_protocol";       ///< RFC 9113 was broken
inline constexpr std::string_view kBadPreface = "http2_bad_preface";  ///< not HTTP/2 at all
inline constexpr std::string_view kRapidReset = "http2_rapid_reset";
inline constexpr std::string_view kContinuationFlood = "http2_continuation_flood";
inline constexpr std::string_view kPingFlood = "http2_ping_flood";
inline constexpr std::string_view kSettingsFlood = "http2_settings_flood";
inline constexpr std::string_view kEmptyFrameFlood = "http2_empty_frame_flood";
inline constexpr std::string_view kControlFlood = "http2_control_flood";
inline constexpr std::string_view kHeaderList = "http2_header_list";
inline constexpr std::string_view kInformationalFlood = "http2_informational_flood";
inline constexpr std::string_view kOutputUnread = "http2_output_unread";
}  // namespace http2_reason

struct Http2Limits {
  /// Streams a peer may have open at once (SETTINGS_MAX_CONCURRENT_STREAMS); as a client, the most
  /// that we open. One more is refused by itself.
  std::uint32_t max_concurrent_streams = 128;
  /// Streams the caller has not released, closed ones included: what a peer that resets its streams
  /// as fast as it opens them can pile up. One more is refused by itself.
  std::uint32_t max_held_streams = 192;
  /// Octets of all request heads of streams not yet released. A request over it is refused by
  /// itself: a few octets of HPACK can mean a head of 32 KiB.
  std::size_t max_held_heads = 1_MiB;
  /// Decoded octets of one header block, 32 more for each field (RFC 9113 6.5.2). kHeaderList.
  std::uint32_t max_header_list = 64U << 10U;
  /// Octets of HPACK's dynamic table, each way.
  std::uint32_t header_table = 4096;
  /// CONTINUATION frames of one header block (CVE-2024-27316 and its kin). kContinuationFlood.
  std::uint32_t max_continuations = 8;
  /// What a peer may send on one stream before the caller has consumed it; at least 65,535.
  std::uint32_t stream_window = 256U << 10U;
  /// The same for all streams together: the most that unread bodies can take of memory.
  std::uint32_t connection_window = 1U << 20U;
  /// Octets of one stream's body that wait to be sent; send_data takes no more.
  std::size_t send_buffer = 64_KiB;
  /// Entries of one SETTINGS frame. kSettingsFlood.
  std::uint32_t max_settings_entries = 32;
  /// 1xx heads before one answer. kInformationalFlood.
  std::uint32_t max_informational = 16;
  /// Frames that wait to be taken and that the peer caused: answers to PING and SETTINGS, window
  /// updates, resets (CVE-2019-9512, 9515). A peer that never reads ends here. kOutputUnread.
  std::size_t max_queued_frames = 1000;

  /// Streams reset by a client before they were answered whole, or by us because of what the peer
  /// sent (CVE-2023-44487, CVE-2025-8671). More than a client's cancelling all its streams at once.
  /// kRapidReset.
  std::uint32_t resets_per_second = 200;
  /// PING frames beyond one for each HEADERS or DATA frame that we sent (gRPC measures with them).
  /// kPingFlood.
  std::uint32_t pings_per_second = 100;
  /// SETTINGS frames, acknowledgements not counted. kSettingsFlood.
  std::uint32_t settings_per_second = 20;
  /// DATA without content that ends nothing, HEADERS and CONTINUATION without octets
  /// (CVE-2019-9518). kEmptyFrameFlood.
  std::uint32_t empty_frames_per_second = 100;
  /// All other frames without content (WINDOW_UPDATE, PRIORITY, acknowledgements, unknown types)
  /// beyond two for each HEADERS or DATA frame that we sent, and one for each 512 octets of it
  /// (CVE-2019-9511, 9513). A server's resets as well: it ends so what it answers before it has the
  /// whole request (RFC 9113 8.1), and answers so each piece of what was on its way then (5.1).
  /// kControlFlood.
  std::uint32_t control_frames_per_second = 1000;
};

}  // namespace strongroom::http
