// Answers that come compressed although none was asked for: decoded, searched, and passed on plain.
// SPDX-License-Identifier: Apache-2.0
#include "gateway/world_for_test.h"
#include "http/coding/coding_for_test.h"

namespace strongroom::gateway {
namespace {

using http::ContentCoding;
using http::encoded;
using http::kCodings;

constexpr const char* kPath = "/gemini/v1beta/models";

std::string chunk(const std::string& text) {
  char size[24];
  std::snprintf(size, sizeof(size), "%zx\r\n", text.size());
  return size + text + "\r\n";
}
std::string coded_head(const std::string& coding) {
  return "HTTP/1.1 200 OK\r\ncontent-encoding: " + coding +
         "\r\ntransfer-encoding: chunked\r\n\r\n";
}
std::string coded(const std::string& name, const std::string& octets,
                  const std::string& headers = {}) {
  return ok(octets, "content-encoding: " + name + "\r\n" + headers);
}
std::string varied(std::size_t size) {
  std::string text;
  for (std::size_t i = 0; text.size() < size; ++i)
    text += std::to_string(i * i * 2654435761U) + " ";
  return text;
}

/// An answer of chunks that was read as it came.
Answer parsed(const std::string& octets) {
  Answer out;
  http::ResponseHead head;
  std::size_t scanned = 0;
  const auto outcome = http::parse_response(octets, "GET", head, scanned);
  if (outcome.state != http::ParseState::Complete) return out;
  out.status = head.status;
  out.head = octets.substr(0, outcome.consumed);
  http::BodyFollower body;
  body.start(head.body);
  std::string_view rest = std::string_view(octets).substr(outcome.consumed);
  while (!body.is_done() && !rest.empty()) {
    const auto step = body.feed(rest);
    if (step.state == http::ParseState::Bad) return out;
    out.body.append(step.content);
    rest.remove_prefix(step.consumed);
  }
  out.is_whole = body.is_done();
  return out;
}

class Coded : public GatewayTest {
 protected:
  io::Task<Answer> get(std::string answer, std::string method = "GET") {
    world.provider.answer = [answer](const Provider::Seen&) { return answer; };
    auto got = co_await ask(request(method, kPath, with_pass()), method);
    co_return got;
  }
  /// The provider sends `second` only after what `first` says has come out.
  io::Task<Answer> get_in_two(std::string first, std::string until, std::string second) {
    world.provider.answer = [first](const Provider::Seen&) { return first; };
    Agent agent = world.agent();
    const std::string octets = request("GET", kPath, with_pass());
    (void)co_await agent.send(octets);
    std::string all = co_await agent.until(until);
    (void)co_await world.provider.send(second);
    all += co_await agent.until("0\r\n\r\n");
    co_return parsed(all);
  }
};
TEST_F(Coded, C5_the_key_is_masked_over_every_split_of_every_coding) {
  auto story = [&]() -> io::Task<void> {
    const std::string key = kRealKey;
    const std::string body = R"({"you":")" + key + R"("})";
    const std::string masked = R"({"you":")" + std::string(key.size(), '*') + R"("})";
    for (const auto& one : kCodings) {
      const std::string octets = encoded(one.coding, body);
      for (std::size_t at = 1; at < octets.size(); ++at) {
        const Answer answer =
            co_await get_in_two(coded_head(one.name) + chunk(octets.substr(0, at)), "\r\n\r\n",
                                chunk(octets.substr(at)) + "0\r\n\r\n");
        EXPECT_TRUE(answer.is_whole) << one.name << " " << at;
        EXPECT_EQ(answer.body, masked) << one.name << " " << at;
        EXPECT_FALSE(answer.says("content-encoding"));
      }
    }
    EXPECT_GT(world.provider.seen.size(), 150U) << "splits";
    const bool is_found = co_await world.until([&] { return !world.vault.findings.empty(); });
    EXPECT_TRUE(is_found);
    if (is_found) EXPECT_EQ(world.vault.findings.at(0), "key_echoed");
  };
  run(story());
}

TEST_F(Coded, C5_the_key_is_masked_across_pieces_that_were_flushed_apart) {
  auto story = [&]() -> io::Task<void> {
    const std::string key = kRealKey;
    for (const auto& one : kCodings) {
      const auto pieces =
          http::encoded_pieces(one.coding, {"a" + key.substr(0, 11), key.substr(11) + "b"});
      const Answer answer = co_await get_in_two(coded_head(one.name) + chunk(pieces[0]), "\r\na",
                                                chunk(pieces[1]) + "0\r\n\r\n");
      EXPECT_EQ(answer.body, "a" + std::string(key.size(), '*') + "b") << one.name;
    }
  };
  run(story());
}

TEST_F(Coded, C5_what_cannot_be_decoded_is_refused) {
  auto story = [&]() -> io::Task<void> {
    const std::string zipped = encoded(ContentCoding::Gzip, "text");
    const std::vector<std::string> all = {
        coded("gzip", "not really gzip"),
        coded("gzip", encoded(ContentCoding::Zstd, "text")),
        coded("gzip, br", zipped),
        coded("compress", "text"),
        coded("identity", zipped, "content-encoding: gzip\r\ncontent-encoding: br\r\n"),
        coded("gzip", zipped + "x"),
        coded("gzip", zipped.substr(0, zipped.size() - 1)),
        "HTTP/1.1 206 Partial Content\r\ncontent-encoding: gzip\r\ncontent-range: bytes 0-3/9\r\n"
        "content-length: 4\r\n\r\n" +
            zipped.substr(0, 4),
    };
    for (const auto& one : all) {
      const Answer answer = co_await get(one);
      EXPECT_EQ(answer.status, 502) << one;
      EXPECT_TRUE(answer.is_whole && answer.says("upstream_encoding")) << one;
    }
    const Answer two = co_await get(coded("identity", zipped, "content-encoding: gzip\r\n"));
    EXPECT_EQ(two.body, "text");
  };
  run(story());
}

TEST_F(Coded, C5_what_breaks_off_or_goes_on_does_not_look_whole) {
  auto story = [&]() -> io::Task<void> {
    const std::string text = varied(1 << 20);
    std::size_t count = 0;
    for (const auto& one : kCodings) {
      const std::string whole = encoded(one.coding, text);
      std::string broken = whole;
      for (std::size_t i = 0; i < 64; ++i) broken[whole.size() / 2 + i] = static_cast<char>(0xFF);
      for (const std::string& octets :
           {whole.substr(0, whole.size() - 2), whole + "garbage", broken}) {
        const Answer answer = co_await get(coded(one.name, octets));
        EXPECT_EQ(answer.status, 200) << one.name;
        EXPECT_FALSE(answer.is_whole) << one.name;
        ++count;
        const bool is_settled =
            co_await world.until([&] { return world.vault.settled.size() == count; });
        EXPECT_TRUE(is_settled);
        EXPECT_EQ(world.vault.settled.back().outcome, lease::UseOutcome::UpstreamFailed);
      }
      const Answer answer = co_await get(coded(one.name, whole));
      EXPECT_TRUE(answer.is_whole && answer.body == text) << one.name;
      ++count;
      (void)co_await world.until([&] { return world.vault.settled.size() == count; });
    }
  };
  run(story());
}

TEST_F(Coded, C12_a_bomb_is_cut_short) {
  auto story = [&]() -> io::Task<void> {
    const std::string bomb(48 << 20, 'a');
    for (const auto coding : {ContentCoding::Gzip, ContentCoding::Brotli, ContentCoding::Zstd}) {
      const char* name = coding == ContentCoding::Gzip     ? "gzip"
                         : coding == ContentCoding::Brotli ? "br"
                                                           : "zstd";
      const Answer answer = co_await get(coded(name, encoded(coding, bomb)));
      EXPECT_EQ(answer.status, 200) << name;
      EXPECT_FALSE(answer.is_whole) << name;
      EXPECT_LT(answer.body.size(), 24_MiB) << name;
    }
  };
  run(story());
}

TEST_F(Coded, AnEventArrivesBeforeTheNextIsSent) {
  auto story = [&]() -> io::Task<void> {
    for (const auto& one : kCodings) {
      const auto pieces = http::encoded_pieces(one.coding, {"data: one\n\n", "data: two\n\n"});
      const Answer answer = co_await get_in_two(coded_head(one.name) + chunk(pieces[0]),
                                                "data: one\n\n", chunk(pieces[1]) + "0\r\n\r\n");
      EXPECT_EQ(answer.body, "data: one\n\ndata: two\n\n") << one.name;
    }
  };
  run(story());
}

TEST_F(Coded, I1_a_revoke_cuts_it_in_the_middle_of_what_one_piece_decodes_to) {
  auto story = [&]() -> io::Task<void> {
    // Far more than sockets hold, of which the client takes nothing beyond the head.
    std::string text;
    for (const std::string part = varied(5000); text.size() < 24_MiB;) text += part;
    const std::string octets = encoded(ContentCoding::Gzip, text);
    world.provider.answer = [&](const Provider::Seen&) { return coded("gzip", octets); };
    Agent agent = world.agent();
    const std::string asked = request("GET", kPath, with_pass());
    (void)co_await agent.send(asked);
    (void)co_await agent.until("\r\n\r\n");
    const bool is_fenced = co_await world.revoke(kGeminiPass);
    EXPECT_TRUE(is_fenced);
    const bool is_ended = co_await agent.is_ended();
    EXPECT_TRUE(is_ended);
    const bool is_settled = co_await world.until([&] { return !world.vault.settled.empty(); });
    EXPECT_TRUE(is_settled);
    if (is_settled) EXPECT_EQ(world.vault.settled[0].outcome, lease::UseOutcome::Revoked);
    EXPECT_EQ(world.gateway->decoding.left(), kDecoding);
  };
  run(story());
}

TEST_F(Coded, TheHeadSaysWhatIsTrueOfThePlainBody) {
  auto story = [&]() -> io::Task<void> {
    const std::string about =
        "etag: \"v1\"\r\nvary: accept-encoding\r\ncontent-md5: x\r\nDigest: x\r\n"
        "Accept-Ranges: bytes\r\ncontent-type: text/plain\r\n";
    const std::string octets = encoded(ContentCoding::Gzip, "text");
    const auto expect_plain = [](const Answer& answer) {
      for (const char* gone : {"content-encoding", "content-md5", "Digest", "Accept-Ranges"})
        EXPECT_FALSE(answer.says(gone)) << answer.head;
      for (const char* kept : {"etag: W/\"v1\"\r\n", "vary: accept-encoding\r\n", "text/plain"})
        EXPECT_TRUE(answer.says(kept)) << answer.head;
      EXPECT_TRUE(answer.is_whole);
    };
    const Answer whole = co_await get(coded("gzip", octets, about));
    expect_plain(whole);
    EXPECT_EQ(whole.body, "text");
    EXPECT_TRUE(whole.says("transfer-encoding: chunked\r\n"));
    EXPECT_FALSE(whole.says("content-length"));
    std::string head = coded("gzip", octets, about);
    head.resize(head.size() - octets.size());
    const Answer only_head = co_await get(head, "HEAD");
    expect_plain(only_head);
    EXPECT_FALSE(only_head.says("content-length"));
    const Answer empty = co_await get(coded("br", "", about));
    expect_plain(empty);
    EXPECT_TRUE(empty.says("content-length: 0\r\n"));
    const Answer weak = co_await get(coded("gzip", octets, "ETag: W/\"v1\"\r\n"));
    EXPECT_TRUE(weak.says("ETag: W/\"v1\"\r\n"));
    for (const char* status : {"204 No Content", "304 Not Modified"}) {
      const Answer none = co_await get("HTTP/1.1 " + std::string(status) +
                                       "\r\ncontent-encoding: zstd\r\n" + about + "\r\n");
      expect_plain(none);
      EXPECT_EQ(none.body, "");
    }
    const Answer chunked = co_await get(coded_head("zstd") + "0\r\n\r\n");
    EXPECT_TRUE(chunked.is_whole);
    EXPECT_EQ(world.provider.connections, 1) << "and the connection is kept";
  };
  run(story());
}

TEST_F(Coded, F9_an_old_client_gets_no_chunks) {
  auto story = [&]() -> io::Task<void> {
    world.provider.answer = [](const Provider::Seen&) {
      return coded("br", encoded(ContentCoding::Brotli, "one two"));
    };
    const std::string octets =
        "GET " + std::string(kPath) + " HTTP/1.0\r\nhost: g\r\n" + with_pass() + "\r\n";
    const Answer answer = co_await ask(octets);
    EXPECT_FALSE(answer.says("chunked"));
    EXPECT_EQ(answer.body, "one two");
  };
  run(story());
}

TEST_F(Coded, LinksAndVerdictsAndCostsAreFoundInIt) {
  world.vault.entry(kGeminiPass).policies.resize(1);
  world.vault.entry(kGeminiPass).policies[0].id = PolicyId(IdBytes{1});
  world.vault.entry(kGeminiPass).policies[0].policy.budget = {"tokens", 1000};
  auto story = [&]() -> io::Task<void> {
    world.provider.answer = [](const Provider::Seen&) {
      return coded("br",
                   encoded(ContentCoding::Brotli,
                           R"({"next":"https://api.firecrawl.dev/v2/crawl/1?skip=10"})"),
                   "content-type: application/json\r\n");
    };
    const std::string page =
        request("GET", "/firecrawl/v2/crawl/1", "authorization: Bearer " + kFirecrawlPass + "\r\n");
    const Answer answer = co_await ask(page);
    EXPECT_EQ(answer.body, R"({"next":"http://gateway.test:8701/firecrawl/v2/crawl/1?skip=10"})");
    world.provider.answer = [](const Provider::Seen&) {
      return coded("zstd",
                   encoded(ContentCoding::Zstd, R"({"usageMetadata":{"totalTokenCount":12}})"),
                   "content-type: application/json\r\n");
    };
    const std::string generate =
        request("POST", "/gemini/v1beta/models/m:generateContent", with_pass(), "{}");
    (void)co_await ask(generate, "POST");
    const bool is_settled = co_await world.until([&] { return world.vault.settled.size() == 2; });
    EXPECT_TRUE(is_settled);
    if (is_settled) EXPECT_EQ(world.vault.settled[1].units, 12U);
    world.provider.answer = [](const Provider::Seen&) {
      const std::string octets =
          encoded(ContentCoding::Gzip, R"({"error":{"message":"API key not valid","code":400,)"
                                       R"("details":[{"reason":"API_KEY_INVALID"}]}})");
      return "HTTP/1.1 400 Bad Request\r\ncontent-encoding: gzip\r\ncontent-length: " +
             std::to_string(octets.size()) + "\r\n\r\n" + octets;
    };
    (void)co_await ask(generate, "POST");
    const bool is_judged = co_await world.until([&] { return !world.vault.verdicts.empty(); });
    EXPECT_TRUE(is_judged);
    if (is_judged) EXPECT_EQ(world.vault.verdicts[0], lease::Verdict::Rejected);
  };
  run(story());
}

}  // namespace
}  // namespace strongroom::gateway
