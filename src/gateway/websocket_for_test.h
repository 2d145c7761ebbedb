// Websockets as the gateway's own tests speak them: heads, frames, what came.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <string>

#include "gateway/world_for_test.h"
#include "http/websocket.h"

namespace strongroom::gateway {

inline constexpr const char* kStreamInput = "/elevenlabs/v1/text-to-speech/v/stream-input";
inline constexpr const char* kWebsocketKey = "dGhlIHNhbXBsZSBub25jZQ==";

inline std::string upgrade(const std::string& target, const std::string& headers) {
  return request("GET", target,
                 "connection: Upgrade\r\nupgrade: websocket\r\nsec-websocket-version: "
                 "13\r\nsec-websocket-key: " +
                     std::string(kWebsocketKey) + "\r\n" + headers);
}
inline std::string switching(const std::string& headers = {}) {
  return "HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: "
         "upgrade\r\nsec-websocket-accept: " +
         std::string(http::websocket_accept(kWebsocketKey)) + "\r\n" + headers + "\r\n";
}
/// A client's frame with a mask of its own.
inline std::string client_frame(http::Opcode opcode, bool is_final, const std::string& payload) {
  http::FrameHead head;
  head.opcode = opcode;
  head.is_final = is_final;
  head.is_masked = true;
  head.mask = {1, 2, 3, 4};
  head.length = payload.size();
  std::array<std::uint8_t, http::kMaxFrameHead> start{};
  const std::size_t size = http::write_frame_head(head, start);
  ByteVector body(payload.begin(), payload.end());
  http::apply_mask(body, head.mask, 0);
  return std::string(text_of(ByteView(start).first(size))) + std::string(text_of(body));
}
inline std::string text_frame(const std::string& payload) {
  return client_frame(http::Opcode::Text, true, payload);
}
/// The payloads of all frames, one after the other.
inline std::string unmasked(const std::string& octets) {
  http::FrameFollower follower(http::FrameSender::Client, 0);
  ByteVector all(octets.begin(), octets.end());
  std::string out;
  for (MutableBytes rest(all); !rest.empty();) {
    const auto step = follower.feed(rest);
    const MutableBytes payload = rest.subspan(step.payload_at, step.payload_size);
    http::apply_mask(payload, follower.frame().mask, step.offset);
    out += text_of(payload);
    if (step.consumed == 0) break;
    rest = rest.subspan(step.consumed);
  }
  return out;
}
/// A websocket of ElevenLabs, whose first message may hold the key.
inline io::Task<void> open_eleven(Agent& agent) {
  const std::string octets =
      upgrade(kStreamInput, "xi-api-key: " + kElevenPass +
                                "\r\nsec-websocket-extensions: permessage-deflate\r\n");
  (void)co_await agent.send(octets);
  const Answer answer = co_await agent.answer();
  EXPECT_EQ(answer.status, 101);
}

}  // namespace strongroom::gateway
