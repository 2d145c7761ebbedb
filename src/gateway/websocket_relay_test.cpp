// Websockets through the whole pipeline. SPDX-License-Identifier: Apache-2.0
#include "gateway/connection.h"
#include "gateway/websocket_for_test.h"

namespace strongroom::gateway {
namespace {

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
