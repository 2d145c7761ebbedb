// Streaming, revocation, the record, verdicts and links, through the whole pipeline.
// SPDX-License-Identifier: Apache-2.0
#include "gateway/world_for_test.h"

namespace strongroom::gateway {
namespace {

constexpr const char* kPath = "/gemini/v1beta/models";
const std::string kEventHead =
    "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n";

std::string chunk(const std::string& text) {
  char size[24];
  std::snprintf(size, sizeof(size), "%zx\r\n", text.size());
  return size + text + "\r\n";
}
using Stream = GatewayTest;
using Revoke = GatewayTest;
using Record = GatewayTest;

TEST_F(Stream, AnEventArrivesBeforeTheNextIsSent) {
  auto story = [&]() -> io::Task<void> {
    world.provider.becomes_raw = true;
    world.provider.answer = [](const Provider::Seen&) {
      return kEventHead + chunk("data: one\n\n");
    };
    Agent agent = world.agent();
    const std::string octets = request("POST", kPath, with_pass(), "{}");
    (void)co_await agent.send(octets);
    const std::string first = co_await agent.until("data: one\n\n");
    EXPECT_NE(first.find("transfer-encoding: chunked"), std::string::npos);
    const std::string rest = chunk("data: two\n\n") + "0\r\n\r\n";
    (void)co_await world.provider.send(rest);
    const std::string second = co_await agent.until("0\r\n\r\n");
    EXPECT_NE(second.find("data: two"), std::string::npos);
  };
  run(story());
}

TEST_F(Stream, AfterASilenceItsPathIsStillKnownAndTheConnectionGoesOn) {
  auto story = [&]() -> io::Task<void> {
    world.provider.becomes_raw = true;
    world.provider.answer = [](const Provider::Seen&) {
      return kEventHead + chunk("data: one\n\n");
    };
    Agent agent = world.agent();
    const std::string octets = request("POST", kPath, with_pass(), "{}");
    (void)co_await agent.send(octets);
    (void)co_await agent.until("data: one\n\n");
    // The request of the silent answer is not held: what comes next is put where it was.
    Agent other = world.agent();
    const std::string begun = "GET /another/path/of/another/request/that/takes/its/place";
    (void)co_await other.send(begun);
    const std::string answered = request("GET", "/gemini/nothing", {}, {});
    Agent third = world.agent();
    (void)co_await third.send(answered);
    (void)co_await third.answer();
    const std::string rest = chunk("data: " + std::string(kRealKey) + "\n\n") + "0\r\n\r\n";
    (void)co_await world.provider.send(rest);
    (void)co_await agent.until("0\r\n\r\n");
    const bool is_found = co_await world.until([&] { return !world.vault.findings.empty(); });
    EXPECT_TRUE(is_found);
    if (is_found) EXPECT_EQ(world.vault.finding_paths.at(0), "/v1beta/models");
    const std::string without_pass = request("GET", kPath);
    (void)co_await agent.send(without_pass);
    const Answer next = co_await agent.answer();
    EXPECT_EQ(next.status, 401) << "the connection goes on";
  };
  run(story());
}

TEST_F(Stream, LargeBodiesGoThroughUnchangedBothWays) {
  auto story = [&]() -> io::Task<void> {
    std::string body(3 << 20, 'a');
    for (std::size_t i = 0; i < body.size(); ++i)
      body[i] = static_cast<char>('a' + (i * 7 + i / 1000) % 26);
    world.provider.answer = [](const Provider::Seen& seen) { return ok(seen.body); };
    Agent agent = world.agent();
    const std::string octets = request("POST", kPath, with_pass(), body);
    loop.spawn([](Agent& to, std::string all) -> io::Task<void> {
      (void)co_await to.send(std::move(all));
    }(agent, octets));
    (void)co_await world.until([&] { return world.provider.seen.size() == 1; });
    const Answer answer = co_await agent.answer("POST");
    EXPECT_EQ(answer.status, 200);
    EXPECT_TRUE(answer.body == body);
    // The connection goes on, in chunks this time.
    const std::string chunked = "POST " + std::string(kPath) + " HTTP/1.1\r\nhost: g\r\n" +
                                with_pass() + "transfer-encoding: chunked\r\n\r\n";
    (void)co_await agent.send(chunked);
    const std::string rest = chunk("hello ") + chunk("world") + "0\r\n\r\n";
    (void)co_await agent.send(rest);
    const Answer second = co_await agent.answer("POST");
    EXPECT_EQ(second.body, "hello world");
    EXPECT_EQ(world.provider.connections, 1);
  };
  run(story());
}

TEST_F(Stream, F9_an_old_client_gets_no_chunks) {
  auto story = [&]() -> io::Task<void> {
    world.provider.answer = [](const Provider::Seen&) {
      return kEventHead + chunk("one ") + chunk("two") + "0\r\n\r\n";
    };
    const std::string octets =
        "GET " + std::string(kPath) + " HTTP/1.0\r\nhost: g\r\n" + with_pass() + "\r\n";
    const Answer answer = co_await ask(octets);
    EXPECT_FALSE(answer.says("chunked"));
    EXPECT_EQ(answer.body, "one two");
  };
  run(story());
}

TEST_F(Stream, HeadAndEmptyAnswersKeepTheConnection) {
  auto story = [&]() -> io::Task<void> {
    world.provider.answer = [](const Provider::Seen& seen) {
      return seen.head.starts_with("HEAD")
                 ? std::string("HTTP/1.1 200 OK\r\ncontent-length: 999\r\n\r\n")
                 : std::string("HTTP/1.1 204 No Content\r\n\r\n");
    };
    Agent agent = world.agent();
    const std::string both =
        request("HEAD", kPath, with_pass()) + request("DELETE", kPath, with_pass());
    (void)co_await agent.send(both);
    const Answer head = co_await agent.answer("HEAD");
    const Answer none = co_await agent.answer("DELETE");
    EXPECT_TRUE(head.says("content-length: 999"));
    EXPECT_EQ(none.status, 204);
  };
  run(story());
}

TEST_F(Stream, F6_expect_is_answered_by_the_provider_or_by_us) {
  auto story = [&]() -> io::Task<void> {
    Agent agent = world.agent();
    const std::string head = "POST " + std::string(kPath) + " HTTP/1.1\r\nhost: g\r\n" +
                             with_pass() + "expect: 100-continue\r\ncontent-length: 4\r\n\r\n";
    (void)co_await agent.send(head);
    // This provider waits for the body and says nothing: we ask for it after a second.
    const std::string asked = co_await agent.until("100 Continue\r\n\r\n");
    EXPECT_TRUE(asked.starts_with("HTTP/1.1 100"));
    (void)co_await agent.send("body");
    const Answer answer = co_await agent.answer("POST");
    EXPECT_EQ(answer.status, 200);
    EXPECT_EQ(last_seen().body, "body");
  };
  run(story());
}

/// The second after which we ask for it passes while the answer is under way, or is over and the
/// client, which goes on waiting, has a moment left.
TEST_F(Stream, F6_once_there_is_an_answer_nobody_is_asked_for_a_body) {
  auto story = [&]() -> io::Task<void> {
    world.provider.reads_bodies = false;
    world.provider.becomes_raw = true;
    const std::string head = "POST " + std::string(kPath) + " HTTP/1.1\r\nhost: g\r\n" +
                             with_pass() + "expect: 100-continue\r\ncontent-length: 4\r\n\r\n";
    world.provider.answer = [](const Provider::Seen&) {
      return std::string("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1\r\na\r\n");
    };
    Agent slow = world.agent();
    (void)co_await slow.send(head);
    std::string got = co_await slow.until("1\r\na\r\n");
    co_await loop.sleep(std::chrono::milliseconds(1200));
    (void)co_await world.provider.send("1\r\nb\r\n0\r\n\r\n");
    got += co_await slow.until("0\r\n\r\n");
    EXPECT_TRUE(got.ends_with("\r\n\r\n1\r\na\r\n1\r\nb\r\n0\r\n\r\n")) << got;
    world.provider.answer = [](const Provider::Seen&) {
      return std::string("HTTP/1.1 401 Unauthorized\r\ncontent-length: 2\r\n\r\nno");
    };
    Agent early = world.agent();
    (void)co_await early.send(head);
    const Answer answer = co_await early.answer("POST");
    EXPECT_EQ(answer.status, 401);
    const bool is_ended = co_await early.is_ended();
    EXPECT_TRUE(is_ended);
  };
  run(story());
}

TEST_F(Stream, AClientThatLeavesEndsTheProvidersWork) {
  auto story = [&]() -> io::Task<void> {
    world.provider.becomes_raw = true;
    world.provider.answer = [](const Provider::Seen&) { return std::string(); };
    Agent agent = world.agent();
    const std::string octets = request("GET", kPath, with_pass());
    (void)co_await agent.send(octets);
    (void)co_await world.until([&] { return world.provider.seen.size() == 1; });
    agent.leave();
    const bool has_ended = co_await world.until([&] { return world.provider.ended == 1; });
    EXPECT_TRUE(has_ended);
    const bool is_settled = co_await world.until([&] { return !world.vault.settled.empty(); });
    EXPECT_TRUE(is_settled);
    if (is_settled) EXPECT_EQ(world.vault.settled[0].outcome, lease::UseOutcome::ClientLeft);
  };
  run(story());
}

TEST_F(Stream, AConnectionThatWasClosedMeanwhileIsReplaced) {
  auto story = [&]() -> io::Task<void> {
    world.provider.answer = [&](const Provider::Seen&) {
      return "HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 1\r\n\r\nx";
    };
    for (int i = 0; i < 3; ++i) {
      const std::string octets = request("GET", kPath, with_pass());
      const Answer answer = co_await ask(octets);
      EXPECT_EQ(answer.status, 200);
    }
    EXPECT_EQ(world.provider.connections, 3);
  };
  run(story());
}

TEST_F(Stream, AnAnswerCutShortIsNotTakenForWhole) {
  auto story = [&]() -> io::Task<void> {
    world.provider.becomes_raw = true;
    world.provider.answer = [](const Provider::Seen&) { return kEventHead + chunk("part"); };
    Agent agent = world.agent();
    const std::string octets = request("GET", kPath, with_pass());
    (void)co_await agent.send(octets);
    (void)co_await agent.until("part");
    (void)co_await world.provider.send("ZZ\r\n");
    const bool is_ended = co_await agent.is_ended();
    EXPECT_TRUE(is_ended);
    const bool is_settled = co_await world.until([&] { return !world.vault.settled.empty(); });
    EXPECT_TRUE(is_settled);
    if (is_settled) EXPECT_EQ(world.vault.settled[0].outcome, lease::UseOutcome::UpstreamFailed);
  };
  run(story());
}

TEST_F(Revoke, I1_a_stream_is_cut_before_the_fence_is_acknowledged) {
  auto story = [&]() -> io::Task<void> {
    world.provider.becomes_raw = true;
    world.provider.answer = [](const Provider::Seen&) {
      return kEventHead + chunk("data: one\n\n");
    };
    Agent agent = world.agent();
    const std::string octets = request("GET", kPath, with_pass());
    (void)co_await agent.send(octets);
    (void)co_await agent.until("data: one");
    const bool is_done = co_await world.revoke(kGeminiPass);
    EXPECT_TRUE(is_done);
    const bool is_ended = co_await agent.is_ended();
    EXPECT_TRUE(is_ended);
    const Answer again = co_await ask(octets);
    EXPECT_EQ(again.status, 403);
    EXPECT_TRUE(again.says("key_revoked"));
    const bool has_ended = co_await world.until([&] { return world.provider.ended == 1; });
    EXPECT_TRUE(has_ended);
  };
  run(story());
}

TEST_F(Revoke, I1_before_the_first_octet_the_answer_says_so) {
  auto story = [&]() -> io::Task<void> {
    world.provider.becomes_raw = true;
    world.provider.answer = [](const Provider::Seen&) { return std::string(); };
    Agent agent = world.agent();
    const std::string octets = request("GET", kPath, with_pass());
    (void)co_await agent.send(octets);
    (void)co_await world.until([&] { return world.provider.seen.size() == 1; });
    (void)co_await world.revoke(kGeminiPass);
    const Answer answer = co_await agent.answer();
    EXPECT_EQ(answer.status, 403);
    EXPECT_TRUE(answer.says("key_revoked"));
  };
  run(story());
}

TEST_F(Revoke, I3_an_upload_is_cut) {
  auto story = [&]() -> io::Task<void> {
    world.provider.reads_bodies = false;
    world.provider.becomes_raw = true;
    world.provider.answer = [](const Provider::Seen&) { return std::string(); };
    Agent agent = world.agent();
    const std::string head = "POST " + std::string(kPath) + " HTTP/1.1\r\nhost: g\r\n" +
                             with_pass() + "content-length: 1000000\r\n\r\nbeginning";
    (void)co_await agent.send(head);
    (void)co_await world.until(
        [&] { return world.provider.raw.find("beginning") != std::string::npos; });
    (void)co_await world.revoke(kGeminiPass);
    const bool has_ended = co_await world.until([&] { return world.provider.ended == 1; });
    EXPECT_TRUE(has_ended);
    const std::string said = co_await agent.until("key_revoked");
    EXPECT_NE(said.find("403"), std::string::npos) << said;
  };
  run(story());
}

TEST_F(Stream, AnUploadThatIsOverDoesNotStandForTheNext) {
  auto story = [&]() -> io::Task<void> {
    Agent agent = world.agent();
    const std::string head = "POST " + std::string(kPath) + " HTTP/1.1\r\nhost: g\r\n" +
                             with_pass() + "transfer-encoding: chunked\r\n\r\n3\r\nabc\r\n";
    (void)co_await agent.send(head);
    (void)co_await world.until([&] { return world.provider.connections == 1; });
    (void)co_await agent.send(std::string("0\r\n\r\n"));
    const Answer first = co_await agent.answer("POST");
    EXPECT_EQ(first.status, 200);
    // Answered while its body is still to come: nothing of it may outlive the connection.
    world.provider.reads_bodies = false;
    (void)co_await agent.send(head);
    const Answer early = co_await agent.answer("POST");
    EXPECT_EQ(early.status, 200);
    (void)co_await agent.send(std::string("3\r\nabc\r\n"));
    agent.leave();
    const bool is_settled = co_await world.until([&] { return world.vault.settled.size() == 2; });
    EXPECT_TRUE(is_settled);
    world.provider.reads_bodies = true;
    const std::string octets = request("GET", kPath, with_pass());
    const Answer after = co_await ask(octets);
    EXPECT_EQ(after.status, 200);
  };
  run(story());
}

TEST_F(Revoke, I4_idle_connections_that_carried_the_key_are_closed_too) {
  auto story = [&]() -> io::Task<void> {
    const std::string octets = request("GET", kPath, with_pass());
    (void)co_await ask(octets);
    EXPECT_EQ(world.provider.ended, 0);
    (void)co_await world.revoke(kGeminiPass);
    const bool has_ended = co_await world.until([&] { return world.provider.ended == 1; });
    EXPECT_TRUE(has_ended);
  };
  run(story());
}

TEST_F(Record, TheFirstOctetWaitsUntilTheUseIsDurable) {
  auto story = [&]() -> io::Task<void> {
    world.vault.holds_back = true;
    Agent agent = world.agent();
    const std::string octets = request("GET", std::string(kPath) + "?secret=1", with_pass());
    (void)co_await agent.send(octets);
    const bool is_asked = co_await world.until(
        [&] { return world.provider.seen.size() == 1 && !world.vault.held.empty(); });
    EXPECT_TRUE(is_asked);
    EXPECT_EQ(world.vault.paths,
              std::vector<std::string>{"generativelanguage.googleapis.com/v1beta/models"});
    EXPECT_TRUE(world.vault.settled.empty());
    for (const auto& durable : world.vault.held) durable();
    const Answer answer = co_await agent.answer();
    EXPECT_EQ(answer.status, 200);
    const bool is_settled = co_await world.until([&] { return world.vault.settled.size() == 1; });
    EXPECT_TRUE(is_settled);
    EXPECT_EQ(world.vault.settled[0].status, 200);
    EXPECT_EQ(world.vault.settled[0].bytes_down, 4U);
    EXPECT_EQ(world.vault.settled[0].outcome, lease::UseOutcome::Completed);
  };
  run(story());
}

TEST_F(Record, ARefusalOfTheKeyIsToldOnceAndALaterSuccessTakesItBack) {
  auto story = [&]() -> io::Task<void> {
    const std::string octets = request("GET", kPath, with_pass());
    world.provider.answer = [](const Provider::Seen&) {
      return std::string("HTTP/1.1 400 Bad Request\r\ncontent-length: 9\r\n\r\nmalformed");
    };
    (void)co_await ask(octets);
    world.provider.answer = [](const Provider::Seen&) {
      return std::string(
          "HTTP/1.1 400 Bad Request\r\ncontent-length: 17\r\n\r\n\"API_KEY_INVALID\"");
    };
    (void)co_await ask(octets);
    (void)co_await ask(octets);
    world.provider.answer = [](const Provider::Seen&) { return ok(); };
    (void)co_await ask(octets);
    const bool is_told = co_await world.until([&] { return world.vault.verdicts.size() == 2; });
    EXPECT_TRUE(is_told);
    if (is_told)
      EXPECT_EQ(world.vault.verdicts,
                (std::vector<lease::Verdict>{lease::Verdict::Rejected, lease::Verdict::Accepted}));
  };
  run(story());
}

using Link = GatewayTest;

TEST_F(Link, AnUploadUrlOfTheProviderWorksHereWithoutAPass) {
  auto story = [&]() -> io::Task<void> {
    world.provider.answer = [](const Provider::Seen&) {
      return ok("{}",
                "X-Goog-Upload-URL: "
                "https://generativelanguage.googleapis.com/upload/v1beta/"
                "files?upload_id=abc&upload_protocol=resumable\r\n");
    };
    const std::string begin = request("POST", "/gemini/upload/v1beta/files", with_pass(), "{}");
    const Answer begun = co_await ask(begin, "POST");
    const std::string mark = "X-Goog-Upload-URL: http://gateway.test:8701";
    const auto at = begun.head.find(mark);
    EXPECT_NE(at, std::string::npos) << begun.head;
    if (at == std::string::npos) co_return;
    const std::string target =
        begun.head.substr(at + mark.size(), begun.head.find("\r\n", at) - at - mark.size());
    const std::string without = request("PUT", target, {}, "data");
    const Answer put = co_await ask(without, "PUT");
    EXPECT_EQ(put.status, 200) << put.body;
    EXPECT_NE(last_seen().head.find(
                  "PUT /upload/v1beta/files?upload_id=abc&upload_protocol=resumable HTTP/1.1"),
              std::string::npos)
        << last_seen().head;
    EXPECT_NE(last_seen().head.find(kRealKey), std::string::npos);
    const std::string with = request("PUT", target, with_pass(), "data");
    const Answer same = co_await ask(with, "PUT");
    EXPECT_EQ(same.status, 200);
    // Good for that path and query alone.
    const std::string changed = request("PUT", target + "x", {}, "data");
    const Answer refused = co_await ask(changed, "PUT");
    EXPECT_EQ(refused.status, 401);
    (void)co_await world.revoke(kGeminiPass);
    const Answer after = co_await ask(without, "PUT");
    EXPECT_EQ(after.status, 403);
  };
  run(story());
}

TEST_F(Link, ThePageThatComesNextLeadsBackHereWhateverTheSize) {
  auto story = [&]() -> io::Task<void> {
    const std::string many(3UL << 20U, 'x');
    const std::string start = "{\"data\":[{\"next\":\"https://api.firecrawl.dev/a\",\"text\":\"";
    const std::string end = "\"}],\"next\":\"";
    const std::string whole = start + many + end + "https://api.firecrawl.dev/v2/crawl/1?skip=9\"}";
    for (const bool is_chunked : {true, false}) {
      world.provider.answer = [&](const Provider::Seen&) {
        std::array<char, 20> size{};
        std::snprintf(size.data(), size.size(), "%zx", whole.size());
        const std::string head =
            "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\netag: \"one\"\r\n";
        if (is_chunked)
          return head + "transfer-encoding: chunked\r\n\r\n" + size.data() + "\r\n" + whole +
                 "\r\n0\r\n\r\n";
        return head + "content-length: " + std::to_string(whole.size()) + "\r\n\r\n" + whole;
      };
      const std::string octets = request("GET", "/firecrawl/v2/crawl/1",
                                         "authorization: Bearer " + kFirecrawlPass + "\r\n");
      const Answer answer = co_await ask(octets);
      EXPECT_EQ(answer.status, 200);
      EXPECT_TRUE(answer.body ==
                  start + many + end + "http://gateway.test:8701/firecrawl/v2/crawl/1?skip=9\"}");
      EXPECT_NE(answer.head.find("etag: W/\"one\""), std::string::npos);
    }
  };
  run(story());
}

TEST_F(Link, ThePageThatComesNextLeadsBackHere) {
  auto story = [&]() -> io::Task<void> {
    world.provider.answer = [](const Provider::Seen&) {
      return ok(
          R"({"success":true,"next":"https://api.firecrawl.dev/v2/crawl/1?skip=10","data":[1.0,12345678901234567890123,"\u00e9"]})",
          "content-type: application/json\r\n");
    };
    const std::string octets =
        request("GET", "/firecrawl/v2/crawl/1",
                "authorization: Bearer " + kFirecrawlPass + "\r\naccept-encoding: gzip\r\n");
    const Answer answer = co_await ask(octets);
    EXPECT_EQ(
        answer.body,
        R"({"success":true,"next":"http://gateway.test:8701/firecrawl/v2/crawl/1?skip=10","data":[1.0,12345678901234567890123,"\u00e9"]})");
    EXPECT_NE(last_seen().head.find("accept-encoding: identity"), std::string::npos);
  };
  run(story());
}

}  // namespace
}  // namespace strongroom::gateway
