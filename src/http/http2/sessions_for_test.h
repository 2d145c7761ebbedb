// For tests of HTTP/2: two sessions back to back in memory, and frames written by hand.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "http/http2/session.h"

namespace strongroom::http {

// Frames by hand (RFC 9113 4.1, RFC 7541).

inline constexpr std::uint8_t kEndStreamFlag = 1;
inline constexpr std::uint8_t kAckFlag = 1;
inline constexpr std::uint8_t kEndHeadersFlag = 4;
inline constexpr std::uint8_t kPaddedFlag = 8;

inline std::string http2_frame(std::uint8_t type, std::uint8_t flags, std::uint32_t stream,
                               std::string_view payload = {}) {
  std::string octets;
  const auto put = [&octets](std::size_t value, unsigned size) {
    for (unsigned i = size; i > 0; --i) octets += static_cast<char>(value >> (8 * (i - 1)) & 0xff);
  };
  put(payload.size(), 3);
  put(type, 1);
  put(flags, 1);
  put(stream, 4);
  return octets.append(payload);
}

/// A number of HPACK with a prefix of `bits`.
inline std::string hpack_number(std::size_t value, unsigned bits, std::uint8_t first = 0) {
  const std::size_t most = (1U << bits) - 1;
  std::string octets(1, static_cast<char>(first | std::min(value, most)));
  if (value < most) return octets;
  for (value -= most; value >= 128; value >>= 7U)
    octets += static_cast<char>(0x80 | (value & 0x7f));
  return octets += static_cast<char>(value);
}
inline std::string hpack_text(std::string_view text) {
  return hpack_number(text.size(), 7).append(text);
}
/// A field as a literal that is not indexed.
inline std::string hpack_field(std::string_view name, std::string_view value) {
  return std::string(1, '\0') + hpack_text(name) + hpack_text(value);
}

using Fields = std::vector<std::pair<std::string, std::string>>;
inline std::string hpack_block(const Fields& fields) {
  std::string block;
  for (const auto& [name, value] : fields) block += hpack_field(name, value);
  return block;
}
inline std::string headers_frame(std::uint32_t stream, const Fields& fields,
                                 std::uint8_t flags = kEndHeadersFlag | kEndStreamFlag) {
  return http2_frame(1, flags, stream, hpack_block(fields));
}
inline std::string number32(std::uint32_t value) {
  return {static_cast<char>(value >> 24U), static_cast<char>(value >> 16U & 0xff),
          static_cast<char>(value >> 8U & 0xff), static_cast<char>(value & 0xff)};
}
inline Fields get_fields(std::string path = "/") {
  return {{":method", "GET"}, {":scheme", "https"}, {":authority", "a.example"}, {":path", path}};
}
/// What a client sends first.
inline std::string client_start() {
  return "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + http2_frame(4, 0, 0);
}

struct ReceivedFrame {
  std::uint8_t type = 0;
  std::uint8_t flags = 0;
  std::uint32_t stream = 0;
  std::string payload;
};
inline std::vector<ReceivedFrame> frames_of(std::string_view octets) {
  std::vector<ReceivedFrame> frames;
  const auto at = [&octets](std::size_t i) { return static_cast<std::uint8_t>(octets[i]); };
  while (octets.size() >= 9) {
    const std::size_t size = std::size_t{at(0)} << 16U | std::size_t{at(1)} << 8U | at(2);
    const std::uint32_t stream = (std::uint32_t{at(5)} << 24U | std::uint32_t{at(6)} << 16U |
                                  std::uint32_t{at(7)} << 8U | at(8));
    frames.push_back({at(3), at(4), stream, std::string(octets.substr(9, size))});
    octets.remove_prefix(std::min(octets.size(), 9 + size));
  }
  return frames;
}
inline std::uint32_t number_at(std::string_view octets, std::size_t i) {
  const auto at = [&octets](std::size_t j) { return static_cast<std::uint8_t>(octets[j]); };
  return std::uint32_t{at(i)} << 24U | std::uint32_t{at(i + 1)} << 16U |
         std::uint32_t{at(i + 2)} << 8U | at(i + 3);
}

// Sessions.

inline std::string take_all(Http2Session& session, std::size_t piece = 16384) {
  std::string all;
  std::vector<std::uint8_t> room(piece);
  while (session.wants_output()) {
    const std::size_t size = session.take_output(room);
    if (size == 0) break;
    all.append(text_of(ByteView(room).first(size)));
  }
  return all;
}
inline std::vector<Http2Event> events_of(Http2Session& session) {
  std::vector<Http2Event> events;
  while (auto event = session.next_event()) events.push_back(std::move(*event));
  return events;
}
inline const Http2Event* find_event(const std::vector<Http2Event>& events, Http2EventKind kind,
                                    Http2StreamId stream = 0) {
  for (const Http2Event& event : events)
    if (event.kind == kind && (stream == 0 || event.stream == stream)) return &event;
  return nullptr;
}

/// Reads and consumes all of a body that is there.
inline std::string read_all(Http2Session& session, Http2StreamId stream) {
  std::string all;
  for (ByteView run = session.readable(stream); !run.empty(); run = session.readable(stream)) {
    all.append(text_of(run));
    session.consume(stream, run.size());
  }
  return all;
}

inline RequestHead request_head(std::string_view text) {
  RequestHead head;
  std::size_t scanned = 0;
  const ParseOutcome outcome = parse_request(text, head, scanned);
  EXPECT_EQ(outcome.state, ParseState::Complete) << text << outcome.why;
  return head;
}
inline ResponseHead response_head(std::string_view text, std::string_view method = "GET") {
  ResponseHead head;
  std::size_t scanned = 0;
  const ParseOutcome outcome = parse_response(text, method, head, scanned);
  EXPECT_EQ(outcome.state, ParseState::Complete) << text << outcome.why;
  return head;
}

/// A server and a client joined in memory; what each reports is collected.
struct Http2Pair {
  explicit Http2Pair(const Http2Limits& server_limits = {}, const Http2Limits& client_limits = {})
      : server(Http2Role::Server, clock, server_limits),
        client(Http2Role::Client, clock, client_limits) {}

  /// Carries octets both ways until neither has any.
  void run() {
    for (bool has_moved = true; has_moved;) {
      const std::string up = take_all(client);
      const std::string down = take_all(server);
      has_moved = !up.empty() || !down.empty();
      if (!up.empty()) (void)server.feed(bytes_of(up));
      if (!down.empty()) (void)client.feed(bytes_of(down));
      for (Http2Event& event : events_of(server)) at_server.push_back(std::move(event));
      for (Http2Event& event : events_of(client)) at_client.push_back(std::move(event));
    }
  }
  Http2StreamId open(std::string_view head, Http2End end) {
    const auto id = client.submit_request(request_head(head), Http2Scheme::Https, end);
    EXPECT_TRUE(id.has_value());
    return id.value_or(0);
  }

  ManualClock clock;
  Http2Session server;
  Http2Session client;
  std::vector<Http2Event> at_server;
  std::vector<Http2Event> at_client;
};

}  // namespace strongroom::http
