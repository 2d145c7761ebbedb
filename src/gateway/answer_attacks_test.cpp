// The attacks of threats.md that answers make, each named after its number.
// SPDX-License-Identifier: Apache-2.0
#include "base/encoding.h"
#include "gateway/world_for_test.h"

namespace strongroom::gateway {
namespace {

using Attack = GatewayTest;

constexpr const char* kPath = "/gemini/v1beta/models";

TEST_F(Attack, B1_B2_B7_redirects_are_passed_on_and_never_followed) {
  auto story = [&]() -> io::Task<void> {
    world.provider.answer = [](const Provider::Seen& seen) {
      const std::string to = seen.head.find("/other") != std::string::npos
                                 ? "http://evil.com/x"
                                 : "https://generativelanguage.googleapis.com/v1/files/a?alt=media";
      return "HTTP/1.1 103 Early Hints\r\nlink: </x>; rel=preload\r\n\r\nHTTP/1.1 302 "
             "Found\r\nlocation: " +
             to + "\r\nalt-svc: h3=\":443\"\r\ncontent-length: 0\r\n\r\n";
    };
    const std::string away = request("GET", "/gemini/other", with_pass());
    const Answer other = co_await ask(away);
    EXPECT_EQ(other.status, 302);
    EXPECT_TRUE(other.says("location: http://evil.com/x\r\n"));
    EXPECT_FALSE(other.says("alt-svc"));
    const std::string home = request("GET", "/gemini/same", with_pass());
    const Answer same = co_await ask(home);
    EXPECT_TRUE(same.says("location: http://gateway.test:8701/gemini/v1/files/a?alt=media\r\n"))
        << same.head;
    EXPECT_EQ(world.provider.seen.size(), 2U);
  };
  run(story());
}

TEST_F(Attack, B3_a_plain_redirect_to_the_services_own_host_leads_back_here) {
  auto story = [&]() -> io::Task<void> {
    for (const char* start : {"http://", "HTTP://", "http://GENERATIVELANGUAGE.googleapis.com:80/",
                              "https://generativelanguage.googleapis.com:443/"}) {
      const std::string to =
          std::string_view(start).ends_with("://") ? std::string(start) + kGeminiHost + "/" : start;
      world.provider.answer = [&](const Provider::Seen&) {
        return "HTTP/1.1 301 Moved\r\nlocation: " + to +
               "v1/files?a=b\r\ncontent-length: 0\r\n\r\n";
      };
      const std::string octets = request("GET", kPath, with_pass());
      const Answer answer = co_await ask(octets);
      EXPECT_TRUE(answer.says("location: http://gateway.test:8701/gemini/v1/files?a=b\r\n"))
          << to << ": " << answer.head;
    }
  };
  run(story());
}

TEST_F(Attack, B3_B4_B5_B6_no_redirect_takes_the_key_or_the_body_along) {
  auto story = [&]() -> io::Task<void> {
    const std::vector<std::string> targets = {std::string("http://") + kGeminiHost + ":8080/plain",
                                              "http://169.254.169.254/latest/meta-data",
                                              "https://10.0.0.1/", "https://[::1]:8700/api/v1/keys",
                                              "https://evil.example/"};
    for (const int status : {301, 302, 303, 307, 308})
      for (const auto& target : targets) {
        world.provider.seen.clear();
        const int connections = world.provider.connections;
        world.provider.answer = [&](const Provider::Seen&) {
          return "HTTP/1.1 " + std::to_string(status) + " Moved\r\nlocation: " + target +
                 "\r\nx-goog-api-key: " + kRealKey + "\r\ncontent-length: 0\r\n\r\n";
        };
        const std::string octets = request("POST", kPath, with_pass(), "a body to be sent again");
        const Answer answer = co_await ask(octets, "POST");
        EXPECT_EQ(answer.status, status);
        EXPECT_TRUE(answer.says("location: " + target + "\r\n")) << answer.head;
        EXPECT_FALSE(answer.says(kRealKey));
        EXPECT_EQ(world.provider.seen.size(), 1U) << "nothing was sent again";
        EXPECT_LE(world.provider.connections, connections + 1);
      }
  };
  run(story());
}

TEST_F(Attack, B7_hints_that_lead_past_the_gateway_end_here) {
  auto story = [&]() -> io::Task<void> {
    world.provider.answer = [](const Provider::Seen&) {
      return "HTTP/1.1 103 Early Hints\r\nlink: <https://evil.example/?k=" + std::string(kRealKey) +
             ">; rel=preload\r\n\r\n" +
             ok("fine", "alt-svc: h3=\":443\"\r\nrefresh: 0; url=https://evil.example/?k=" +
                            std::string(kRealKey) + "\r\nlink: <https://evil.example/" + kRealKey +
                            ">; rel=preload\r\n");
    };
    Agent agent = world.agent();
    const std::string octets = request("GET", kPath, with_pass());
    (void)co_await agent.send(octets);
    const Answer answer = co_await agent.answer();
    EXPECT_EQ(answer.status, 200);
    EXPECT_EQ(agent.informational, "");
    EXPECT_FALSE(answer.says("alt-svc"));
    EXPECT_FALSE(answer.says(kRealKey)) << answer.head;
    EXPECT_EQ(world.provider.seen.size(), 1U);
  };
  run(story());
}

TEST_F(Attack, C13_parts_of_an_answer_are_not_asked_for) {
  auto story = [&]() -> io::Task<void> {
    const std::string range = "range: bytes=0-20\r\nif-range: \"a\"\r\n";
    const Answer whole = co_await ask(request("GET", kPath, with_pass() + range));
    EXPECT_EQ(whole.status, 200);
    EXPECT_EQ(last_seen().head.find("ange: "), std::string::npos) << last_seen().head;
    world.provider.answer = [](const Provider::Seen&) {
      return "HTTP/1.1 206 Partial Content\r\ncontent-range: bytes 0-19/40\r\ncontent-length: "
             "20\r\n\r\n" +
             std::string(kRealKey, 20);
    };
    const Answer part = co_await ask(request("GET", kPath, with_pass() + range));
    EXPECT_EQ(part.status, 502);
    EXPECT_FALSE(part.says(std::string(kRealKey, 20)));
    const Answer stored =
        co_await ask(request("GET", "/gemini/v1beta/files/abc:download", with_pass() + range));
    EXPECT_EQ(stored.status, 206);
    EXPECT_NE(last_seen().head.find("range: bytes=0-20"), std::string::npos);
  };
  run(story());
}

TEST_F(Attack, C14_a_mask_has_the_length_of_what_it_hides) {
  auto story = [&]() -> io::Task<void> {
    const std::string before = "{\"you sent\": \"";
    const std::string body = before + kRealKey + "\"}";
    world.provider.answer = [&](const Provider::Seen&) { return ok(body, "etag: \"1\"\r\n"); };
    const Answer answer = co_await ask(request("GET", kPath, with_pass()));
    EXPECT_EQ(answer.body, before + std::string(std::string_view(kRealKey).size(), '*') + "\"}");
    EXPECT_TRUE(answer.says("content-length: " + std::to_string(body.size()) + "\r\n"));
  };
  run(story());
}

TEST_F(Attack, C1_C8_the_key_never_comes_back_in_a_head) {
  auto story = [&]() -> io::Task<void> {
    world.provider.answer = [](const Provider::Seen&) {
      return ok("fine",
                std::string("x-goog-api-key: ") + kRealKey + "\r\nx-echo: a" + kRealKey + "b\r\n");
    };
    const std::string octets = request("GET", kPath, with_pass());
    const Answer answer = co_await ask(octets);
    EXPECT_EQ(answer.status, 200);
    EXPECT_FALSE(answer.says(kRealKey));
    EXPECT_TRUE(answer.says("x-echo: a" + kGeminiPass + "b\r\n"));
    EXPECT_EQ(answer.body, "fine");
  };
  run(story());
}

TEST_F(Attack, C2_C3_C4_the_key_never_comes_back_in_a_body) {
  auto story = [&]() -> io::Task<void> {
    const std::string key = kRealKey;
    const std::string encoded = to_base64(bytes_of(std::string_view("key=" + key)));
    const std::string body = "{\"you\": \"" + key + "\", \"sent\": \"" + encoded + "\"}";
    world.provider.answer = [&](const Provider::Seen&) { return ok(body); };
    const std::string octets = request("GET", kPath, with_pass());
    Answer answer = co_await ask(octets);
    EXPECT_EQ(answer.status, 200);
    EXPECT_TRUE(answer.is_whole);
    EXPECT_EQ(answer.body.size(), body.size());
    EXPECT_FALSE(answer.says(kRealKey)) << answer.body;
    EXPECT_FALSE(answer.says(encoded.substr(8, 30))) << answer.body;
    world.provider.answer = [&](const Provider::Seen&) {
      std::string chunks = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n";
      for (const char c : body) chunks += "1\r\n" + std::string(1, c) + "\r\n";
      return chunks + "0\r\nx-sum: " + key + "\r\n\r\n";
    };
    answer = co_await ask(octets);
    EXPECT_TRUE(answer.is_whole);
    EXPECT_EQ(answer.body.size(), body.size());
    EXPECT_FALSE(answer.says(kRealKey));
    const bool is_found = co_await world.until([&] { return !world.vault.findings.empty(); });
    EXPECT_TRUE(is_found);
    if (is_found) EXPECT_EQ(world.vault.findings.at(0), "key_echoed");
  };
  run(story());
}

TEST_F(Attack, C4_the_key_never_comes_back_over_a_claimed_end_of_a_message) {
  auto story = [&]() -> io::Task<void> {
    const std::string key = kRealKey;
    for (const char* type :
         {"application/grpc", "application/grpc-web", "application/connect+json"})
      for (const std::size_t cut : {std::size_t{3}, std::size_t{20}}) {
        // The length of a message ends in the middle of the key.
        const std::string head = std::string(4, '\0') + static_cast<char>(cut);
        const std::string shown = cut == 3 ? key.substr(0, 3) : std::string();
        const std::string octets = "HTTP/1.1 200 OK\r\ncontent-type: " + std::string(type) +
                                   "\r\ncontent-length: " + std::to_string(5 + key.size() + 2) +
                                   "\r\n\r\n" + head + key.substr(0, cut);
        world.provider.answer = [octets](const Provider::Seen&) { return octets; };
        Agent agent = world.agent();
        const std::string asked = request("GET", "/gemini/v1beta/models", with_pass());
        (void)co_await agent.send(asked);
        std::string all = co_await agent.until(head + shown);
        (void)co_await world.provider.send(key.substr(cut) + "!!");
        all += co_await agent.until("!!");
        EXPECT_TRUE(
            all.ends_with(head + shown + std::string(key.size() - shown.size(), '*') + "!!"))
            << type << cut << ": " << all;
      }
    const bool is_found = co_await world.until([&] { return !world.vault.findings.empty(); });
    EXPECT_TRUE(is_found);
  };
  run(story());
}

TEST_F(Attack, C5_what_cannot_be_searched_is_not_passed_on) {
  auto story = [&]() -> io::Task<void> {
    world.provider.answer = [](const Provider::Seen&) {
      return ok("not really gzip", "content-encoding: gzip\r\n");
    };
    const std::string octets = request("GET", kPath, with_pass() + "accept-encoding: gzip\r\n");
    const Answer answer = co_await ask(octets);
    EXPECT_EQ(answer.status, 502);
    EXPECT_TRUE(answer.says("upstream_encoding"));
    const std::string& head = world.provider.seen.back().head;
    EXPECT_NE(head.find("accept-encoding: identity"), std::string::npos);
    EXPECT_EQ(head.find("gzip"), std::string::npos);
  };
  run(story());
}

TEST_F(Attack, F5_a_101_that_was_not_asked_for_is_no_answer) {
  auto story = [&]() -> io::Task<void> {
    world.provider.answer = [](const Provider::Seen&) {
      return std::string(
          "HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: "
          "upgrade\r\n\r\nhello");
    };
    const std::string octets = request("GET", kPath, with_pass());
    const Answer answer = co_await ask(octets);
    EXPECT_EQ(answer.status, 502);
    EXPECT_TRUE(answer.says("upstream_protocol"));
  };
  run(story());
}

TEST_F(Attack, F_what_a_malformed_provider_says_is_not_passed_on) {
  auto story = [&]() -> io::Task<void> {
    for (const char* octets :
         {"HTTP/1.1 200 OK\r\ncontent-length: 3\r\ncontent-length: 4\r\n\r\nabcd",
          "nonsense\r\n\r\n", "HTTP/1.1 200 OK\nx: y\n\n"}) {
      world.provider.answer = [octets](const Provider::Seen&) { return std::string(octets); };
      const std::string asked = request("GET", kPath, with_pass());
      const Answer answer = co_await ask(asked);
      EXPECT_EQ(answer.status, 502) << octets;
    }
  };
  run(story());
}

}  // namespace
}  // namespace strongroom::gateway
