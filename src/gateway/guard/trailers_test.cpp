// Trailers through the whole pipeline, over HTTP/1. SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "base/encoding.h"
#include "gateway/world_for_test.h"

namespace strongroom::gateway {
namespace {

constexpr const char* kPath = "/gemini/v1beta/models";
const std::string kTakesTrailers = "te: trailers\r\n";

std::string with_trailers(const std::string& body, const std::string& fields) {
  return "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n" + body + "0\r\n" + fields + "\r\n";
}
std::string upload(const std::string& chunks_and_fields) {
  return request("POST", kPath, with_pass() + "transfer-encoding: chunked\r\n") + chunks_and_fields;
}

class Trailers : public GatewayTest {
 protected:
  [[nodiscard]] std::size_t found(std::string_view what) const {
    const auto& findings = world.vault.findings;
    return static_cast<std::size_t>(std::count(findings.begin(), findings.end(), what));
  }
};

TEST_F(Trailers, OfAnAnswerReachWhoeverTakesThem) {
  auto story = [&]() -> io::Task<void> {
    for (const std::string& body : {std::string(), std::string("2\r\nhi\r\n")}) {
      world.provider.answer = [&](const Provider::Seen&) {
        return with_trailers(body, "X-Sum:  1\r\nalt-svc: h3\r\ngrpc-status: 0\r\n");
      };
      const Answer with = co_await ask(request("GET", kPath, with_pass() + kTakesTrailers));
      EXPECT_TRUE(with.is_whole);
      EXPECT_EQ(with.trailers, "X-Sum: 1\r\ngrpc-status: 0\r\n");
      EXPECT_NE(last_seen().head.find("te: trailers\r\nconnection: te\r\n"), std::string::npos);
      const Answer without = co_await ask(request("GET", kPath, with_pass()));
      EXPECT_TRUE(without.is_whole);
      EXPECT_EQ(without.trailers, "");
      EXPECT_EQ(last_seen().head.find("te:"), std::string::npos);
    }
  };
  run(story());
}

TEST_F(Trailers, C6_the_key_does_not_come_back_in_one) {
  auto story = [&]() -> io::Task<void> {
    world.provider.answer = [](const Provider::Seen&) {
      return with_trailers("2\r\nhi\r\n",
                           "x-echo: a" + std::string(kRealKey) + "\r\nx-last: 1\r\n");
    };
    const Answer answer = co_await ask(request("GET", kPath, with_pass() + kTakesTrailers));
    EXPECT_TRUE(answer.is_whole);
    EXPECT_EQ(answer.trailers.find(kRealKey), std::string::npos);
    EXPECT_NE(answer.trailers.find("x-last: 1\r\n"), std::string::npos);
  };
  run(story());
}

TEST_F(Trailers, C6_what_is_named_like_a_credential_is_left_out_and_the_rest_comes) {
  auto story = [&]() -> io::Task<void> {
    world.provider.answer = [](const Provider::Seen&) {
      return with_trailers("2\r\nhi\r\n", "x-sum: 1\r\nx-api-key: other\r\nx-last: 1\r\n");
    };
    const Answer answer = co_await ask(request("GET", kPath, with_pass() + kTakesTrailers));
    EXPECT_TRUE(answer.is_whole);
    EXPECT_EQ(answer.trailers, "x-sum: 1\r\nx-last: 1\r\n");
    (void)co_await world.until([&] { return found("trailer_left_out") > 0; });
    EXPECT_EQ(found("trailer_left_out"), 1U);
  };
  run(story());
}

TEST_F(Trailers, C6_nor_in_another_form) {
  auto story = [&]() -> io::Task<void> {
    const std::string encoded = to_base64(bytes_of(std::string_view(kRealKey)));
    world.provider.answer = [&](const Provider::Seen&) {
      return with_trailers("2\r\nhi\r\n", "x-echo: " + encoded + "\r\n");
    };
    const Answer answer = co_await ask(request("GET", kPath, with_pass() + kTakesTrailers));
    EXPECT_NE(answer.trailers.find("x-echo: "), std::string::npos);
    EXPECT_EQ(answer.trailers.find(encoded), std::string::npos);
    (void)co_await world.until([&] { return found("key_echoed") > 0; });
    EXPECT_EQ(found("key_echoed"), 1U);
  };
  run(story());
}

TEST_F(Trailers, OfARequestReachTheProviderHoweverTheyAreCut) {
  auto story = [&]() -> io::Task<void> {
    const std::string octets = upload("2\r\nhi\r\n0\r\nX-Sum: 1\r\nx-two: 2\r\n\r\n");
    const std::size_t first = octets.find("\r\n\r\n") + 4;
    for (std::size_t cut = first; cut <= octets.size(); ++cut) {
      Agent agent = world.agent();
      const std::size_t before = world.vault.paths.size();
      (void)co_await agent.send(octets.substr(0, cut));
      (void)co_await world.until([&] { return world.vault.paths.size() > before; });
      if (cut < octets.size()) (void)co_await agent.send(octets.substr(cut));
      const Answer answer = co_await agent.answer("POST");
      EXPECT_EQ(answer.status, 200) << cut;
      EXPECT_EQ(last_seen().body, "hi") << cut;
      EXPECT_EQ(last_seen().trailers, "X-Sum: 1\r\nx-two: 2\r\n") << cut;
    }
  };
  run(story());
}

TEST_F(Trailers, D3_a_pass_in_one_is_refused_and_found) {
  auto story = [&]() -> io::Task<void> {
    const std::string fields = "0\r\nx-note: " + kGeminiPass + "\r\n\r\n";
    const Answer at_once = co_await ask(upload("2\r\nhi\r\n" + fields), "POST");
    EXPECT_EQ(at_once.status, 400);
    EXPECT_TRUE(at_once.says("pass_misplaced"));
    EXPECT_TRUE(world.provider.seen.empty());
    Agent agent = world.agent();
    (void)co_await agent.send(upload("2\r\nhi\r\n"));
    (void)co_await world.until([&] { return world.provider.connections == 2; });
    (void)co_await agent.send(fields);
    const Answer later = co_await agent.answer("POST");
    EXPECT_EQ(later.status, 400);
    EXPECT_TRUE(later.says("pass_misplaced"));
    EXPECT_TRUE(world.provider.seen.empty()) << "the request never became whole";
    (void)co_await world.until([&] { return found("pass_misplaced") > 0; });
    EXPECT_GT(found("pass_misplaced"), 0U);
  };
  run(story());
}

TEST_F(Trailers, D3_what_would_take_a_credentials_place_is_refused) {
  auto story = [&]() -> io::Task<void> {
    for (const char* name : {"forwarded", "X-Forwarded-For", "x-http-method-override"}) {
      const Answer answer =
          co_await ask(upload(std::string("0\r\n") + name + ": x\r\n\r\n"), "POST");
      EXPECT_EQ(answer.status, 400) << name;
    }
    EXPECT_TRUE(world.provider.seen.empty());
  };
  run(story());
}

TEST_F(Trailers, C5_compressed_messages_are_not_passed_on) {
  auto story = [&]() -> io::Task<void> {
    struct Protocol {
      std::string type, wish, coding;
    };
    for (const auto& [type, wish, coding] :
         {Protocol{"application/grpc", "grpc-accept-encoding", "grpc-encoding"},
          Protocol{"application/connect+json", "connect-accept-encoding",
                   "connect-content-encoding"}}) {
      world.provider.answer = [&](const Provider::Seen&) {
        return ok("x", "content-type: " + type + "\r\n" + coding + ": gzip\r\n");
      };
      const std::string octets =
          request("POST", kPath, with_pass() + wish + ": identity, gzip\r\n", "x");
      const Answer answer = co_await ask(octets, "POST");
      EXPECT_EQ(answer.status, 502) << type;
      EXPECT_TRUE(answer.says("upstream_encoding")) << type;
      EXPECT_NE(last_seen().head.find(wish + ": identity\r\n"), std::string::npos) << type;
    }
  };
  run(story());
}

TEST_F(Trailers, C5_nobody_is_asked_for_characters_that_are_not_searched) {
  auto story = [&]() -> io::Task<void> {
    const std::string octets = request("GET", kPath, with_pass() + "Accept-Charset: utf-16\r\n");
    EXPECT_EQ((co_await ask(octets)).status, 200);
    EXPECT_EQ(last_seen().head.find("utf-16"), std::string::npos);
  };
  run(story());
}

}  // namespace
}  // namespace strongroom::gateway
