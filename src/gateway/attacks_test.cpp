// The attacks of threats.md that requests to a base URL make, each named after its number.
// SPDX-License-Identifier: Apache-2.0
#include "base/small_letters.h"
#include "gateway/world_for_test.h"

namespace strongroom::gateway {
namespace {

using Attack = GatewayTest;

constexpr const char* kPath = "/gemini/v1beta/models";

std::string lower(std::string text) {
  for (char& c : text) c = small_letter(c);
  return text;
}
std::size_t count_of(const std::string& text, const std::string& what) {
  std::size_t count = 0;
  for (auto at = text.find(what); at != std::string::npos; at = text.find(what, at + 1)) ++count;
  return count;
}

struct Refused {
  std::string octets;
  int status;
  std::string code;
};

TEST_F(Attack, A1_A5_A7_A8_A9_A10_A18_only_the_services_own_hosts_are_named) {
  auto story = [&]() -> io::Task<void> {
    const std::string pass = with_pass();
    const std::vector<Refused> all = {
        {request("GET", "http://generativelanguage.googleapis.com/v1beta/models", pass), 400,
         "bad_request"},
        {request("GET", "/nosuch/v1"), 404, "unknown_service"},
        {request("GET", "/GEMINI/v1"), 404, "unknown_service"},
        {request("GET", "/gemini@evil.com/v1", pass), 404, "unknown_host"},
        {request("GET", "/gemini@generativelanguage.googleapis.com.evil.com/v1", pass), 404,
         "unknown_host"},
        {request("GET", "/gemini@evil-generativelanguage.googleapis.com/v1", pass), 404,
         "unknown_host"},
        {request("GET", "/gemini@generativelanguage.googleapis.com./v1", pass), 404,
         "unknown_host"},
        {request("GET", "/gemini@generativelanguage.googleapis.com:8443/v1", pass), 404,
         "unknown_host"},
        {request("GET", "/gemini@good:x@evil.com/v1", pass), 404, "unknown_host"},
        {request("GET", "/gemini@127.0.0.1/v1", pass), 404, "unknown_host"},
        {request("GET", "/gemini@[::1]/v1", pass), 404, "unknown_host"},
        {request("GET", "/gemini@0x7f000001/v1", pass), 404, "unknown_host"},
        {request("GET", "/gemini@%67enerativelanguage.googleapis.com/v1", pass), 404,
         "unknown_host"},
        {request("GET", "/gemini@/v1", pass), 404, "unknown_host"},
    };
    for (const auto& one : all) {
      const Answer answer = co_await ask(one.octets);
      EXPECT_EQ(answer.status, one.status) << one.octets;
      EXPECT_TRUE(answer.says(one.code)) << answer.body;
    }
    EXPECT_EQ(world.provider.connections, 0);
  };
  run(story());
}

TEST_F(Attack, A3_a_wrong_certificate_gets_nothing) {
  auto story = [&]() -> io::Task<void> {
    const std::string octets = request("GET", "/elevenlabs@api.us.elevenlabs.io/v1/models",
                                       "xi-api-key: " + kElevenPass + "\r\n");
    const Answer answer = co_await ask(octets);
    EXPECT_EQ(answer.status, 502);
    EXPECT_TRUE(answer.says("upstream_tls"));
    EXPECT_TRUE(world.provider.seen.empty());
    (void)co_await world.until([&] { return !world.vault.findings.empty(); });
    EXPECT_EQ(world.vault.findings, std::vector<std::string>{"upstream_tls"});
    EXPECT_EQ(world.vault.finding_sessions, std::vector{kSessionOfAll});
  };
  run(story());
}

TEST_F(Attack, A6_A11_the_host_header_decides_nothing) {
  auto story = [&]() -> io::Task<void> {
    const std::string evil = "GET " + std::string(kPath) +
                             " HTTP/1.1\r\nhost: evil.com\r\nx-forwarded-host: evil.com\r\n" +
                             with_pass() + "\r\n";
    const Answer answer = co_await ask(evil);
    EXPECT_EQ(answer.status, 200);
    EXPECT_NE(last_seen().head.find("host: generativelanguage.googleapis.com\r\n"),
              std::string::npos);
    EXPECT_EQ(last_seen().head.find("evil"), std::string::npos);
    const std::string two =
        "GET " + std::string(kPath) + " HTTP/1.1\r\nhost: a\r\nhost: b\r\n" + with_pass() + "\r\n";
    const Answer refused = co_await ask(two);
    EXPECT_EQ(refused.status, 400);
  };
  run(story());
}

TEST_F(Attack, A13_F4_each_request_of_a_connection_is_judged_anew) {
  auto story = [&]() -> io::Task<void> {
    Agent agent = world.agent();
    const std::string octets = request("GET", kPath, with_pass()) +
                               request("GET", "/gemini@evil.com/x", with_pass()) +
                               request("GET", kPath, with_pass());
    (void)co_await agent.send(octets);
    const Answer first = co_await agent.answer();
    const Answer second = co_await agent.answer();
    const Answer third = co_await agent.answer();
    EXPECT_EQ(first.status, 200);
    EXPECT_EQ(second.status, 404);
    EXPECT_EQ(third.status, 200);
    EXPECT_EQ(world.provider.seen.size(), 2U);
  };
  run(story());
}

TEST_F(Attack, A15_a_pass_of_another_service_is_refused_and_found) {
  auto story = [&]() -> io::Task<void> {
    const std::string octets =
        request("GET", "/elevenlabs/v1/models", "xi-api-key: " + kGeminiPass + "\r\n");
    const Answer answer = co_await ask(octets);
    EXPECT_EQ(answer.status, 403);
    EXPECT_TRUE(answer.says("pass_wrong_service"));
    const bool is_found = co_await world.until([&] { return !world.vault.findings.empty(); });
    EXPECT_TRUE(is_found);
    EXPECT_EQ(world.provider.connections, 0);
  };
  run(story());
}

TEST_F(Attack, C7_F3_F10_methods_and_protocols_that_are_not_carried) {
  auto story = [&]() -> io::Task<void> {
    const std::vector<Refused> all = {
        {request("TRACE", kPath, with_pass()), 405, "method_not_allowed"},
        {request("trace", kPath, with_pass()), 405, "method_not_allowed"},
        {request("delete", kPath, with_pass()), 405, "method_not_allowed"},
        {"CONNECT generativelanguage.googleapis.com:443 HTTP/1.1\r\nhost: x\r\n\r\n", 405,
         "method_not_allowed"},
        {request("GET", kPath, with_pass() + "connection: upgrade\r\nupgrade: h2c, websocket\r\n"),
         400, "bad_request"},
        {"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505, "bad_request"},
        {"GET /gemini\r\n\r\n", 400, "bad_request"},
        {"SSH-2.0-OpenSSH_9.2\r\n\r\n", 400, "bad_request"},
    };
    for (const auto& one : all) {
      const Answer answer = co_await ask(one.octets);
      EXPECT_GE(answer.status, 400) << one.octets;
      EXPECT_TRUE(answer.says("\"code\"")) << one.octets;
    }
    EXPECT_EQ(world.provider.connections, 0);
  };
  run(story());
}

TEST_F(Attack, F3_an_upgrade_to_h2c_is_ignored_and_goes_no_further) {
  const std::string upgrade =
      "connection: Upgrade\r\nconnection: X-Hop\r\nx-hop: 1\r\nupgrade: h2c\r\nhttp2-settings: "
      "AAMAAABkAAQAAP__\r\n";
  auto story = [&]() -> io::Task<void> {
    const Answer answer = co_await ask(request("GET", kPath, with_pass() + upgrade));
    EXPECT_EQ(answer.status, 200);
    const std::string& head = world.provider.seen.back().head;
    for (const char* name : {"upgrade", "http2-settings", "connection"})
      EXPECT_EQ(head.find(std::string("\r\n") + name + ":"), std::string::npos) << head;
    world.provider.answer = [](const Provider::Seen&) {
      return std::string(
          "HTTP/1.1 101 Switching Protocols\r\nupgrade: h2c\r\nconnection: upgrade\r\n\r\n");
    };
    const Answer switched = co_await ask(request("GET", kPath, with_pass() + upgrade));
    EXPECT_EQ(switched.status, 502);
    EXPECT_TRUE(switched.says("upstream_protocol"));
  };
  run(story());
}

TEST_F(Attack, E1_E5_E6_E8_E10_whatever_looks_like_a_credential_is_stripped) {
  auto story = [&]() -> io::Task<void> {
    const std::string octets =
        request("POST",
                std::string(kPath) + "?key=" + kGeminiPass +
                    "&alt=sse&key&KEY=x&k%65y=child&access_token=t&a=1",
                "X-GOOG-API-KEY: other\r\nx_goog_api_key: other2\r\nAuthorization: Bearer "
                "child\r\nauthorization: Basic Y2hpbGQ6\r\n"
                "Proxy-Authorization: Basic child\r\nproxy_authorization: "
                "child\r\nX-HTTP-Method-Override: DELETE\r\nForwarded: for=1\r\n"
                "x-forwarded-for: 1.2.3.4\r\nvia: 1.1 me\r\nte: gzip\r\nkeep-alive: "
                "5\r\nproxy-connection: keep-alive\r\nx-mine: kept\r\n",
                "body");
    const Answer answer = co_await ask(octets, "POST");
    EXPECT_EQ(answer.status, 200) << answer.body;
    const std::string head = last_seen().head;
    const std::string low = lower(head);
    EXPECT_EQ(count_of(head, kRealKey), 1U);
    EXPECT_EQ(count_of(low, "x-goog-api-key"), 1U);
    for (const char* gone : {"child", "other", "authorization", "x_goog", "override", "forwarded",
                             "via:", "te:", "keep-alive", "proxy-", "access_token", "key=x"})
      EXPECT_EQ(low.find(gone), std::string::npos) << gone << "\n" << head;
    EXPECT_NE(head.find("POST /v1beta/models?alt=sse&a=1 HTTP/1.1\r\n"), std::string::npos) << head;
    EXPECT_NE(head.find("x-mine: kept\r\n"), std::string::npos);
    EXPECT_EQ(last_seen().body, "body");
  };
  run(story());
}

TEST_F(Attack, E10_a_parameter_that_is_another_method_or_header_is_refused) {
  auto story = [&]() -> io::Task<void> {
    for (const char* query : {"?$httpMethod=DELETE", "?alt=json&%24HTTPmethod=DELETE",
                              "?$httpHeaders=Range:bytes%3D0-0", "?a=1&$%68ttpheaders"}) {
      const Answer answer = co_await ask(request("POST", kPath + std::string(query), with_pass()));
      EXPECT_EQ(answer.status, 400) << query;
      EXPECT_TRUE(answer.says("bad_request")) << query;
    }
    EXPECT_TRUE(world.provider.seen.empty());
    EXPECT_EQ(
        (co_await ask(request("GET", kPath + std::string("?$alt=json&httpMethod=x"), with_pass())))
            .status,
        200);
  };
  run(story());
}

TEST_F(Attack, E2_a_pass_in_another_place_is_not_sent) {
  auto story = [&]() -> io::Task<void> {
    const std::vector<std::string> all = {
        request("GET", std::string(kPath) + "/" + kGeminiPass, with_pass()),
        request("GET", std::string(kPath) + "?note=" + kGeminiPass, with_pass()),
        request("GET", kPath, with_pass() + "cookie: a=" + kGeminiPass + "\r\n"),
        request("GET", kPath, with_pass() + "x-note: " + kGeminiPass + "\r\n"),
        request("GET", kPath,
                with_pass() + "authorization: Bearer " + pass_for("AIza", 'q') + "\r\n"),
    };
    for (const auto& octets : all) {
      const Answer answer = co_await ask(octets);
      EXPECT_EQ(answer.status, 400) << octets;
      EXPECT_TRUE(answer.says("pass_misplaced"));
    }
    EXPECT_TRUE(world.provider.seen.empty());
  };
  run(story());
}

TEST_F(Attack, E3_connection_cannot_drop_the_injected_header) {
  auto story = [&]() -> io::Task<void> {
    const std::string octets = request(
        "GET", kPath, with_pass() + "connection: x-goog-api-key, host, x-hop\r\nx-hop: 1\r\n");
    const Answer answer = co_await ask(octets);
    EXPECT_EQ(answer.status, 200);
    EXPECT_EQ(count_of(last_seen().head, kRealKey), 1U);
    EXPECT_EQ(last_seen().head.find("x-hop"), std::string::npos);
    EXPECT_NE(last_seen().head.find("host: generativelanguage"), std::string::npos);
  };
  run(story());
}

TEST_F(Attack, E7_E9_shapes_and_sizes_of_a_pass_and_a_head) {
  auto story = [&]() -> io::Task<void> {
    const std::vector<Refused> all = {
        {request("GET", kPath), 401, "pass_missing"},
        {request("GET", kPath, "x-goog-api-key: short\r\n"), 401, "pass_missing"},
        {request("GET", kPath, "x-goog-api-key: " + pass_for("AIza", 'z') + "\r\n"), 401,
         "pass_unknown"},
        {request("GET", kPath, "authorization: Basic Og==\r\n"), 401, "pass_missing"},
        {request("GET", kPath, with_pass() + "x-long: " + std::string(40000, 'a') + "\r\n"), 431,
         "too_large"},
    };
    for (const auto& one : all) {
      const Answer answer = co_await ask(one.octets);
      EXPECT_EQ(answer.status, one.status) << one.octets.substr(0, 200);
      EXPECT_TRUE(answer.says(one.code)) << answer.body;
    }
    EXPECT_TRUE(world.provider.seen.empty());
  };
  run(story());
}

TEST_F(Attack, F1_F2_F9_ambiguous_framing_is_refused) {
  auto story = [&]() -> io::Task<void> {
    const std::string start =
        "POST " + std::string(kPath) + " HTTP/1.1\r\nhost: g\r\n" + with_pass();
    const std::vector<std::string> all = {
        start + "content-length: 4\r\ncontent-length: 5\r\n\r\nabcd",
        start + "content-length: 4\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
        start + "transfer-encoding: chunked\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
        start + "transfer-encoding: xchunked\r\n\r\n0\r\n\r\n",
        start + "transfer-encoding : chunked\r\n\r\n0\r\n\r\n",
        start + "transfer-encoding: chunked\r\n\r\nZZ\r\n",
        start + "transfer-encoding: chunked\r\n\r\n3\nabc\r\n0\r\n\r\n",
        start + "content-length: +4\r\n\r\nabcd",
        start + "x: a\r\n folded\r\n\r\n",
        "POST " + std::string(kPath) + " HTTP/1.1\nhost: g\n\n",
        "GET " + std::string(kPath) + "\r\n",
    };
    for (const auto& octets : all) {
      Agent agent = world.agent();
      (void)co_await agent.send(octets + "\r\n\r\n");
      const Answer answer = co_await agent.answer("POST");
      EXPECT_GE(answer.status, 400) << octets;
      const bool is_ended = co_await agent.is_ended();
      EXPECT_TRUE(is_ended) << octets;
    }
    EXPECT_TRUE(world.provider.seen.empty());
  };
  run(story());
}

TEST_F(Attack, F8_denied_paths_in_every_spelling) {
  auto story = [&]() -> io::Task<void> {
    for (const char* path : {"/gemini/v1beta/auth_tokens", "/gemini/v1beta/%61uth_tokens",
                             "/gemini/v1beta/x/../auth_tokens", "/gemini//v1beta//auth_tokens",
                             "/gemini/v1beta/./auth_tokens", "/gemini/v1beta/AUTH_TOKENS",
                             "/gemini/v1beta/x/%2e%2e/auth_tokens", "/gemini/v1beta/auth_tokens/",
                             "/gemini/v1beta%2fauth_tokens", "/gemini/x%2Fy/auth_tokens"}) {
      const std::string octets = request("POST", path, with_pass());
      const Answer answer = co_await ask(octets, "POST");
      EXPECT_EQ(answer.status, 403) << path;
      EXPECT_TRUE(answer.says("denied_path")) << path;
    }
    for (const char* path : {"/gemini/v1beta%2f%2fauth_tokens", "/gemini/v1beta%2f..%2fauth_tokens",
                             "/gemini/v1beta/x%2f..%2Fauth_tokens", "/gemini/..%2fopenai/v1",
                             "/gemini/%2fv1beta/auth_tokens", "/gemini/../openai/v1", "/gemini/%00",
                             "/gemini/%zz", "/gemini/a\\b"}) {
      const std::string octets = request("POST", path, with_pass());
      const Answer answer = co_await ask(octets, "POST");
      EXPECT_EQ(answer.status, 400) << path;
    }
    EXPECT_TRUE(world.provider.seen.empty());
    const std::string folded = request("GET", "/gemini//v1beta/./a/../models/%7Euser", with_pass());
    (void)co_await ask(folded);
    EXPECT_NE(last_seen().head.find("GET /v1beta/models/~user HTTP/1.1\r\n"), std::string::npos)
        << last_seen().head;
    const std::string escaped = request("GET", "/gemini/v1beta/@scope%2fname", with_pass());
    const Answer answer = co_await ask(escaped);
    EXPECT_EQ(answer.status, 200);
    EXPECT_NE(last_seen().head.find("GET /v1beta/@scope%2Fname HTTP/1.1\r\n"), std::string::npos)
        << last_seen().head;
  };
  run(story());
}

TEST_F(Attack, G1_private_addresses_are_not_dialled) {
  auto story = [&]() -> io::Task<void> {
    const std::string octets =
        request("GET", "/generic-http/x",
                "x-own: " + kGenericPass + "\r\nauthorization: Bearer " + kGenericPass + "\r\n");
    const Answer answer = co_await ask(octets);
    EXPECT_EQ(answer.status, 502) << answer.body;
    EXPECT_TRUE(answer.says("upstream_unreachable"));
    EXPECT_TRUE(answer.says("private address"));
  };
  run(story());
}

}  // namespace
}  // namespace strongroom::gateway
