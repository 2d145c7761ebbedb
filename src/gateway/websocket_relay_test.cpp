// Websockets through the whole pipeline. SPDX-License-Identifier: Apache-2.0
#include "gateway/world_for_test.h"
#include "http/websocket.h"

namespace strongroom::gateway {
namespace {

constexpr const char* kWebsocketKey = "dGhlIHNhbXBsZSBub25jZQ==";

std::string upgrade(const std::string& target, const std::string& headers) {
  return request("GET", target,
                 "connection: Upgrade\r\nupgrade: websocket\r\nsec-websocket-version: "
                 "13\r\nsec-websocket-key: " +
                     std::string(kWebsocketKey) + "\r\n" + headers);
}
std::string switching(const std::string& headers = {}) {
  return "HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: "
         "upgrade\r\nsec-websocket-accept: " +
         std::string(http::websocket_accept(kWebsocketKey)) + "\r\n" + headers + "\r\n";
}
/// A client's text frame with a mask of its own.
std::string text_frame(const std::string& payload) {
  http::FrameHead head;
  head.opcode = http::Opcode::Text;
  head.is_final = true;
  head.is_masked = true;
  head.mask = {1, 2, 3, 4};
  head.length = payload.size();
  std::array<std::uint8_t, http::kMaxFrameHead> start{};
  const std::size_t size = http::write_frame_head(head, start);
  ByteVector body(payload.begin(), payload.end());
  http::apply_mask(body, head.mask, 0);
  return std::string(text_of(ByteView(start).first(size))) + std::string(text_of(body));
}
/// The payload of the first frame in `octets`.
std::string first_payload(const std::string& octets) {
  http::FrameHead head;
  const auto outcome = http::parse_frame_head(bytes_of(octets), http::FrameSender::Client, 0, head);
  if (outcome.state != http::ParseState::Complete) return "malformed";
  ByteVector body(octets.begin() + static_cast<std::ptrdiff_t>(outcome.consumed),
                  octets.begin() + static_cast<std::ptrdiff_t>(outcome.consumed + head.length));
  http::apply_mask(body, head.mask, 0);
  return std::string(text_of(body));
}

using Websocket = GatewayTest;

TEST_F(Websocket, I2_frames_go_both_ways_until_the_revoke) {
  auto story = [&]() -> io::Task<void> {
    world.provider.becomes_raw = true;
    world.provider.answer = [](const Provider::Seen&) { return switching(); };
    Agent agent = world.agent();
    const std::string octets = upgrade("/gemini/ws/x", with_pass());
    (void)co_await agent.send(octets);
    const Answer answer = co_await agent.answer();
    EXPECT_EQ(answer.status, 101);
    EXPECT_NE(last_seen().head.find(kRealKey), std::string::npos);
    const std::string frame = text_frame("hello");
    (void)co_await agent.send(frame);
    (void)co_await world.until([&] { return world.provider.raw == frame; });
    EXPECT_EQ(world.provider.raw, frame);
    (void)co_await world.provider.send(std::string("\x81\x02hi", 4));
    const std::string back = co_await agent.until("hi");
    EXPECT_EQ(back, std::string("\x81\x02hi", 4));
    (void)co_await world.revoke(kGeminiPass);
    const bool is_ended = co_await agent.is_ended();
    EXPECT_TRUE(is_ended);
  };
  run(story());
}

TEST_F(Websocket, ThePassInTheFirstMessageBecomesTheKey) {
  auto story = [&]() -> io::Task<void> {
    world.provider.becomes_raw = true;
    world.provider.answer = [](const Provider::Seen&) { return switching(); };
    Agent agent = world.agent();
    const std::string octets = upgrade(
        "/elevenlabs/v1/text-to-speech/v/stream-input",
        "xi-api-key: " + kElevenPass + "\r\nsec-websocket-extensions: permessage-deflate\r\n");
    (void)co_await agent.send(octets);
    (void)co_await agent.answer();
    EXPECT_EQ(last_seen().head.find("permessage-deflate"), std::string::npos);
    const std::string frame =
        text_frame("{\"text\":\" \",\"xi_api_key\":\"" + kElevenPass + "\"}") +
        text_frame("second");
    (void)co_await agent.send(frame);
    (void)co_await world.until([&] { return world.provider.raw.size() > 60; });
    EXPECT_EQ(first_payload(world.provider.raw),
              std::string("{\"text\":\" \",\"xi_api_key\":\"") + kRealKey + "\"}");
  };
  run(story());
}

TEST_F(Websocket, C6_a_pass_as_subprotocol_is_not_sent_and_the_key_not_answered) {
  auto story = [&]() -> io::Task<void> {
    world.provider.becomes_raw = true;
    world.provider.answer = [](const Provider::Seen&) {
      return switching(std::string("sec-websocket-protocol: ") + kRealKey + "\r\n");
    };
    Agent agent = world.agent();
    const std::string octets =
        upgrade("/firecrawl/v2/crawl/1", "sec-websocket-protocol: " + kFirecrawlPass + "\r\n");
    (void)co_await agent.send(octets);
    const Answer answer = co_await agent.answer();
    EXPECT_EQ(answer.status, 101);
    EXPECT_FALSE(answer.says(kRealKey));
    EXPECT_TRUE(answer.says("sec-websocket-protocol: " + kFirecrawlPass + "\r\n"));
    EXPECT_EQ(last_seen().head.find(kFirecrawlPass), std::string::npos);
    EXPECT_NE(last_seen().head.find(std::string("authorization: Bearer ") + kRealKey),
              std::string::npos)
        << last_seen().head;
  };
  run(story());
}

TEST_F(Websocket, F5_a_wrong_accept_is_no_websocket) {
  auto story = [&]() -> io::Task<void> {
    world.provider.answer = [](const Provider::Seen&) {
      return std::string(
          "HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: "
          "upgrade\r\nsec-websocket-accept: AAAA\r\n\r\n");
    };
    const std::string octets = upgrade("/gemini/ws/x", with_pass());
    const Answer answer = co_await ask(octets);
    EXPECT_EQ(answer.status, 502);
  };
  run(story());
}

}  // namespace
}  // namespace strongroom::gateway
