// Websockets that bring their pass in the first message. SPDX-License-Identifier: Apache-2.0
#include "gateway/websocket_for_test.h"

namespace strongroom::gateway {
namespace {

using WebsocketLogin = GatewayTest;

TEST_F(WebsocketLogin, ThePassInTheFirstMessageBecomesTheKey) {
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

TEST_F(WebsocketLogin, APingIsAnsweredBeforeTheFirstMessage) {
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

TEST_F(WebsocketLogin, N1_a_slow_first_message_ends_soon_after_the_provider) {
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

TEST_F(WebsocketLogin, C9_a_login_with_the_key_that_is_echoed_is_masked) {
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

TEST_F(WebsocketLogin, AWebsocketMayBringItsPassInTheFirstMessageAlone) {
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

TEST_F(WebsocketLogin, WhoWasGreetedWithoutAPassAndBringsNoneHearsWhy) {
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

TEST_F(WebsocketLogin, WhatIsWrongWithoutAnyPassIsRefusedBeforeTheGreeting) {
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

TEST_F(WebsocketLogin, AProviderThatRefusesAfterTheGreetingIsToldByTheClose) {
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

}  // namespace
}  // namespace strongroom::gateway
