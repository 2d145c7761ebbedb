// Websockets through the whole pipeline. SPDX-License-Identifier: Apache-2.0
#include "gateway/connection.h"
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
/// A client's frame with a mask of its own.
std::string client_frame(http::Opcode opcode, bool is_final, const std::string& payload) {
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
std::string text_frame(const std::string& payload) {
  return client_frame(http::Opcode::Text, true, payload);
}
/// The payloads of all frames, one after the other.
std::string unmasked(const std::string& octets) {
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

/// A websocket of ElevenLabs, whose first message may hold the key.
io::Task<void> open_eleven(Agent& agent) {
  const std::string octets = upgrade(
      "/elevenlabs/v1/text-to-speech/v/stream-input",
      "xi-api-key: " + kElevenPass + "\r\nsec-websocket-extensions: permessage-deflate\r\n");
  (void)co_await agent.send(octets);
  const Answer answer = co_await agent.answer();
  EXPECT_EQ(answer.status, 101);
}

TEST_F(Websocket, ThePassInTheFirstMessageBecomesTheKey) {
  using enum http::Opcode;
  const std::string login = "{\"text\":\" \",\"xi_api_key\":\"" + kElevenPass + "\"}";
  const std::string ping = client_frame(Ping, true, "first");
  const std::vector<std::string> all = {text_frame(login), ping + text_frame(login),
                                        client_frame(Text, false, login.substr(0, 40)) + ping +
                                            client_frame(Continuation, false, login.substr(40, 1)) +
                                            client_frame(Continuation, true, login.substr(41))};
  auto story = [&]() -> io::Task<void> {
    world.provider.becomes_raw = true;
    world.provider.answer = [](const Provider::Seen&) { return switching(); };
    for (std::size_t i = 0; i < all.size(); ++i) {
      world.provider.raw.clear();
      Agent agent = world.agent();
      co_await open_eleven(agent);
      EXPECT_EQ(last_seen().head.find("permessage-deflate"), std::string::npos);
      const std::string octets = all[i] + text_frame("second");
      (void)co_await agent.send(octets);
      const std::string before = i == 0 ? std::string() : ping;
      const std::string expected =
          before + text_frame("{\"text\":\" \",\"xi_api_key\":\"" + std::string(kRealKey) + "\"}") +
          text_frame("second");
      (void)co_await world.until([&] { return world.provider.raw.size() >= expected.size(); });
      EXPECT_EQ(world.provider.raw, expected) << i;
    }
  };
  run(story());
}

TEST_F(Websocket, APingIsAnsweredBeforeTheFirstMessage) {
  auto story = [&]() -> io::Task<void> {
    world.provider.becomes_raw = true;
    world.provider.answer = [](const Provider::Seen&) { return switching(); };
    Agent agent = world.agent();
    co_await open_eleven(agent);
    const std::string ping = client_frame(http::Opcode::Ping, true, "are you there");
    const std::string octets = ping + client_frame(http::Opcode::Text, false, "{\"te");
    (void)co_await agent.send(octets);
    const bool has_come = co_await world.until([&] { return world.provider.raw == ping; });
    EXPECT_TRUE(has_come);
  };
  run(story());
}

TEST_F(Websocket, N1_a_slow_first_message_ends_soon_after_the_provider) {
  auto story = [&]() -> io::Task<void> {
    world.provider.becomes_raw = true;
    world.provider.answer = [](const Provider::Seen&) { return switching(); };
    Agent agent = world.agent();
    co_await open_eleven(agent);
    (void)co_await agent.send(client_frame(http::Opcode::Text, false, "{\"xi"));
    const std::string masked = text_frame("no server masks");
    (void)co_await world.provider.send(masked);
    const std::string said = co_await agent.until("\x03\xea");
    EXPECT_EQ(said, "\x88\x02\x03\xea");
    (void)co_await agent.send(client_frame(http::Opcode::Continuation, false, "_"));
    const bool is_over = co_await world.until([&] { return !world.vault.settled.empty(); });
    EXPECT_TRUE(is_over);
  };
  run(story());
}

TEST_F(Websocket, C9_a_login_with_the_key_that_is_echoed_is_masked) {
  auto story = [&]() -> io::Task<void> {
    world.provider.becomes_raw = true;
    world.provider.answer = [](const Provider::Seen&) { return switching(); };
    Agent agent = world.agent();
    co_await open_eleven(agent);
    const std::string login = text_frame("{\"xi_api_key\":\"" + kElevenPass + "\"}");
    (void)co_await agent.send(login);
    (void)co_await world.until(
        [&] { return unmasked(world.provider.raw).find(kRealKey) != std::string::npos; });
    const std::string said = unmasked(world.provider.raw);
    EXPECT_NE(said.find(kRealKey), std::string::npos);
    const std::string echo = "\x81" + std::string(1, static_cast<char>(said.size())) + said;
    (void)co_await world.provider.send(echo);
    const std::string got = co_await agent.until("}");
    EXPECT_EQ(got.size(), echo.size());
    EXPECT_EQ(got.find(kRealKey), std::string::npos);
    EXPECT_NE(got.find(std::string(std::string_view(kRealKey).size(), '*')), std::string::npos);
  };
  run(story());
}

TEST_F(Websocket, D3_a_pass_in_a_message_ends_the_connection) {
  using enum http::Opcode;
  const std::string pass = kGeminiPass;
  const std::vector<std::string> all = {
      text_frame("my key is " + pass),
      text_frame("{\"xi_api_key\":\"" + kElevenPass + "\",\"text\":\"" + kElevenPass + "\"}"),
      // The member spells it in another way: the key would take the other one's place.
      text_frame("{\"xi_api_key\":\"\\u0073" + kElevenPass.substr(1) + "\",\"text\":\"" +
                 kElevenPass + "\"}"),
      text_frame("{\"xi_api_key\":\"" + kElevenPass + "\",\"text\":\"" + pass + "\"}"),
      text_frame("{\"xi_api_key\":\"" + kElevenPass + "\",\"text\":\"\\u0073" +
                 kElevenPass.substr(1) + "\"}"),
      text_frame("first") + client_frame(Binary, false, "x" + pass.substr(0, 10)) +
          client_frame(Ping, true, "") + client_frame(Continuation, true, pass.substr(10)),
      client_frame(Ping, true, pass), client_frame(Close, true, "\x03\xe8" + pass)};
  auto story = [&]() -> io::Task<void> {
    world.provider.becomes_raw = true;
    world.provider.answer = [](const Provider::Seen&) { return switching(); };
    for (const auto& octets : all) {
      world.provider.raw.clear();
      Agent agent = world.agent();
      co_await open_eleven(agent);
      const int before = world.provider.ended;
      (void)co_await agent.send(octets);
      const std::string said = co_await agent.until("\x03\xf0");
      EXPECT_EQ(said, "\x88\x02\x03\xf0") << "1008";
      const bool is_ended = co_await agent.is_ended();
      EXPECT_TRUE(is_ended);
      (void)co_await world.until([&] { return world.provider.ended > before; });
      EXPECT_EQ(unmasked(world.provider.raw).find(pass.substr(0, 12)), std::string::npos);
      EXPECT_EQ(unmasked(world.provider.raw).find(kRealKey), std::string::npos);
    }
    (void)co_await world.until([&] { return !world.vault.findings.empty(); });
    EXPECT_EQ(world.vault.findings, std::vector<std::string>{"pass_misplaced"});
  };
  run(story());
}

constexpr const char* kStreamInput = "/elevenlabs/v1/text-to-speech/v/stream-input";

TEST_F(Websocket, AWebsocketMayBringItsPassInTheFirstMessageAlone) {
  const std::string ping = client_frame(http::Opcode::Ping, true, "first");
  auto story = [&]() -> io::Task<void> {
    world.provider.becomes_raw = true;
    world.provider.answer = [](const Provider::Seen&) { return switching(); };
    Agent agent = world.agent();
    const std::string octets = upgrade(kStreamInput, "") + ping;
    (void)co_await agent.send(octets);
    const Answer answer = co_await agent.answer();
    EXPECT_EQ(answer.status, 101);
    EXPECT_TRUE(answer.says("sec-websocket-accept: " + http::websocket_accept(kWebsocketKey)))
        << answer.head;
    EXPECT_EQ(world.provider.connections, 0) << "nobody is asked without a pass";
    const std::string login =
        text_frame("{\"text\":\" \",\"xi_api_key\":\"" + kElevenPass + "\"}") +
        text_frame("second");
    (void)co_await agent.send(login);
    const std::string expected =
        ping + text_frame("{\"text\":\" \",\"xi_api_key\":\"" + std::string(kRealKey) + "\"}") +
        text_frame("second");
    (void)co_await world.until([&] { return world.provider.raw.size() >= expected.size(); });
    EXPECT_EQ(world.provider.raw, expected);
    EXPECT_NE(last_seen().head.find(kRealKey), std::string::npos);
    (void)co_await world.provider.send(std::string("\x81\x02hi", 4));
    const std::string back = co_await agent.until("hi");
    EXPECT_EQ(back, std::string("\x81\x02hi", 4)) << "no second head";
    (void)co_await world.revoke(kElevenPass);
    const bool is_ended = co_await agent.is_ended();
    EXPECT_TRUE(is_ended);
  };
  run(story());
}

/// What such a client hears: a code, and the refusal's name.
std::string closed(std::uint16_t code, const std::string& word) {
  std::string frame = "\x88";
  frame.push_back(static_cast<char>(2 + word.size()));
  frame.push_back(static_cast<char>(code >> 8U));
  frame.push_back(static_cast<char>(code & 0xFFU));
  return frame + word;
}

TEST_F(Websocket, WhoWasGreetedWithoutAPassAndBringsNoneHearsWhy) {
  std::string unknown = kElevenPass;
  unknown.back() = unknown.back() == 'x' ? 'y' : 'x';
  struct Case {
    std::string message;
    std::uint16_t code;
    std::string word;
  };
  const std::vector<Case> all = {
      {text_frame("{\"text\":\" \"}"), 1008, "pass_missing"},
      {text_frame("no JSON"), 1008, "pass_missing"},
      {client_frame(http::Opcode::Binary, true, "x"), 1008, "pass_missing"},
      {"GET / HTTP/1.1\r\n\r\n", 1008, "pass_missing"},
      {client_frame(http::Opcode::Close, true, "\x03\xe8") + text_frame("late"), 1008,
       "pass_missing"},
      {text_frame("{\"xi_api_key\":\"" + unknown + "\"}"), 1008, "pass_unknown"},
      {text_frame("{\"xi_api_key\":\"" + kElevenPass + "\",\"authorization\":\"Bearer " + unknown +
                  "\"}"),
       1008, "pass_misplaced"}};
  auto story = [&]() -> io::Task<void> {
    for (const auto& each : all) {
      Agent agent = world.agent();
      const std::string octets = upgrade(kStreamInput, "") + each.message;
      (void)co_await agent.send(octets);
      const Answer answer = co_await agent.answer();
      EXPECT_EQ(answer.status, 101);
      const std::string said = co_await agent.until(each.word);
      EXPECT_EQ(said, closed(each.code, each.word));
      const bool is_ended = co_await agent.is_ended();
      EXPECT_TRUE(is_ended);
    }
    EXPECT_EQ(world.provider.connections, 0);
  };
  run(story());
}

TEST_F(Websocket, WhatIsWrongWithoutAnyPassIsRefusedBeforeTheGreeting) {
  const std::vector<std::pair<std::string, int>> all = {
      {upgrade(kStreamInput, "xi-api-key: sk_not_a_pass\r\n"), 401},
      {upgrade(kStreamInput, "sec-websocket-protocol: a, b\r\n"), 401},
      {upgrade("/elevenlabs/v1/convai/conversation?authorization=x", ""), 401},
      {upgrade("/gemini/ws/x", ""), 401},
      {request("GET", kStreamInput), 401},
      {upgrade("/elevenlabs/v1/service-accounts/x", ""), 403}};
  auto story = [&]() -> io::Task<void> {
    for (const auto& [octets, status] : all) {
      Agent agent = world.agent();
      (void)co_await agent.send(octets);
      const Answer answer = co_await agent.answer();
      EXPECT_EQ(answer.status, status) << octets;
    }
  };
  run(story());
}

TEST_F(Websocket, AProviderThatRefusesAfterTheGreetingIsToldByTheClose) {
  auto story = [&]() -> io::Task<void> {
    world.provider.answer = [](const Provider::Seen&) {
      return "HTTP/1.1 403 Forbidden\r\ncontent-length: 2\r\n\r\nno";
    };
    Agent agent = world.agent();
    const std::string octets =
        upgrade(kStreamInput, "") + text_frame("{\"xi_api_key\":\"" + kElevenPass + "\"}");
    (void)co_await agent.send(octets);
    (void)co_await agent.answer();
    const std::string said = co_await agent.until("403");
    EXPECT_EQ(said, closed(1011, "status_403"));
    (void)co_await world.until([&] { return !world.vault.settled.empty(); });
    EXPECT_EQ(world.vault.settled.size(), 1U);
  };
  run(story());
}

TEST_F(Websocket, CloseCodesAndFragmentsPassExactly) {
  using enum http::Opcode;
  auto story = [&]() -> io::Task<void> {
    world.provider.becomes_raw = true;
    world.provider.answer = [](const Provider::Seen&) { return switching(); };
    Agent agent = world.agent();
    const std::string octets = upgrade("/gemini/ws/x", with_pass());
    (void)co_await agent.send(octets);
    (void)co_await agent.answer();
    const std::string frames = client_frame(Text, false, "a") + client_frame(Pong, true, "p") +
                               client_frame(Continuation, true, "b") +
                               client_frame(Close, true,
                                            "\x0b\xbe"
                                            "bye");
    (void)co_await agent.send(frames);
    (void)co_await world.until([&] { return world.provider.raw.size() >= frames.size(); });
    EXPECT_EQ(world.provider.raw, frames);
    const std::string back = std::string(
        "\x01\x01x\x89\x00\x80\x01y\x88\x07\x0f\xa1"
        "ended",
        17);
    (void)co_await world.provider.send(back);
    const std::string got = co_await agent.until("ended");
    EXPECT_EQ(got, back);
  };
  run(story());
}

/// Whoever leaves while an answer is awaited for long is noticed; whoever leaves a websocket ends
/// it, however late it came about and however long it has been.
TEST_F(Websocket, AClientThatEndsItHasNotLeftBeforeTheAnswer) {
  const auto end_one = [&](bool is_late) -> io::Task<void> {
    const std::size_t before = world.provider.seen.size();
    Agent agent = world.agent();
    const std::string octets = upgrade("/gemini/ws/x", with_pass());
    (void)co_await agent.send(octets);
    (void)co_await world.until([&] { return world.provider.seen.size() > before; });
    if (is_late) co_await loop.sleep(2 * kWatchAfter);
    const std::string agreed = switching();
    (void)co_await world.provider.send(agreed);
    const Answer answer = co_await agent.answer();
    EXPECT_EQ(answer.status, 101);
    if (!is_late) co_await loop.sleep(2 * kWatchAfter);
    agent.leave();
    const bool is_settled =
        co_await world.until([&] { return world.vault.settled.size() > before; });
    EXPECT_TRUE(is_settled);
    if (is_settled) EXPECT_EQ(world.vault.settled.back().outcome, lease::UseOutcome::Completed);
  };
  auto story = [&]() -> io::Task<void> {
    world.provider.becomes_raw = true;
    world.provider.answer = [](const Provider::Seen&) { return std::string(); };
    co_await end_one(true);
    co_await end_one(false);
  };
  run(story());
}

TEST_F(Websocket, WhoeverBreaksTheRulesIsToldWhichAndTheOtherSideIsLeft) {
  auto story = [&]() -> io::Task<void> {
    world.provider.becomes_raw = true;
    world.provider.answer = [](const Provider::Seen&) { return switching(); };
    for (const bool by_client : {true, false}) {
      world.provider.raw.clear();
      Agent agent = world.agent();
      const std::string octets = upgrade("/gemini/ws/x", with_pass());
      (void)co_await agent.send(octets);
      (void)co_await agent.answer();
      const int before = world.provider.ended;
      const std::string bad(
          "\x81\x01"
          "a",
          3);  // not masked
      const std::string masked = text_frame("a");
      if (by_client)
        (void)co_await agent.send(bad);
      else
        (void)co_await world.provider.send(masked);
      const std::string said = co_await agent.until("\x03\xea");
      EXPECT_EQ(said, "\x88\x02\x03\xea") << "1002";
      const bool is_ended = co_await agent.is_ended();
      EXPECT_TRUE(is_ended);
      const bool is_left = co_await world.until([&] { return world.provider.ended > before; });
      EXPECT_TRUE(is_left);
      const std::string close = by_client ? std::string("\x88\x82\0\0\0\0\x03\xea", 8) : "";
      EXPECT_EQ(world.provider.raw, close);
    }
  };
  run(story());
}

TEST_F(Websocket, AnExtensionThatNobodyOfferedIsNoWebsocket) {
  auto story = [&]() -> io::Task<void> {
    world.provider.answer = [](const Provider::Seen&) {
      return switching("sec-websocket-extensions: permessage-deflate\r\n");
    };
    const std::string octets =
        upgrade("/gemini/ws/x", with_pass() + "sec-websocket-extensions: permessage-deflate\r\n");
    const Answer answer = co_await ask(octets);
    EXPECT_EQ(answer.status, 502);
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

TEST_F(Websocket, ASubprotocolOfASecondLineIsOneThatWasOffered) {
  auto story = [&]() -> io::Task<void> {
    world.provider.becomes_raw = true;
    world.provider.answer = [](const Provider::Seen&) {
      return switching("sec-websocket-protocol: realtime\r\n");
    };
    Agent agent = world.agent();
    const std::string octets =
        upgrade("/firecrawl/v2/crawl/1", "sec-websocket-protocol: " + kFirecrawlPass +
                                             "\r\nsec-websocket-protocol: other, realtime\r\n");
    (void)co_await agent.send(octets);
    const Answer answer = co_await agent.answer();
    EXPECT_EQ(answer.status, 101);
    EXPECT_TRUE(answer.says("sec-websocket-protocol: realtime\r\n"));
    EXPECT_EQ(last_seen().head.find(kFirecrawlPass), std::string::npos);
  };
  run(story());
}

TEST_F(Websocket, AnEchoIsTheRecordsWhileTheWebsocketGoesOn) {
  auto story = [&]() -> io::Task<void> {
    world.provider.becomes_raw = true;
    world.provider.answer = [](const Provider::Seen&) { return switching(); };
    Agent agent = world.agent();
    co_await open_eleven(agent);
    const std::string key = kRealKey;
    const std::string echo = "\x81" + std::string(1, static_cast<char>(key.size())) + key;
    (void)co_await world.provider.send(echo);
    const std::string got = co_await agent.until("*");
    EXPECT_EQ(got.find(key), std::string::npos);
    (void)co_await world.until([&] { return !world.vault.findings.empty(); });
    EXPECT_EQ(world.vault.findings, std::vector<std::string>{"key_echoed"});
    EXPECT_EQ(world.provider.ended, 0);
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
