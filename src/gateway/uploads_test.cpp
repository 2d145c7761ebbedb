// Passes on their way to where they do not belong, through the whole pipeline (threats.md D).
// SPDX-License-Identifier: Apache-2.0
#include "base/encoding.h"
#include "gateway/world_for_test.h"
#include "http/coding/coding_for_test.h"

namespace strongroom::gateway {
namespace {

constexpr const char* kPath = "/gemini/v1beta/models/m:generateContent";

std::string chunk(const std::string& content, const std::string& extension = {}) {
  char size[32];
  std::snprintf(size, sizeof(size), "%zx", content.size());
  return size + extension + "\r\n" + content + "\r\n";
}

std::string posted(const std::string& headers, const std::string& raw_body) {
  return request("POST", kPath, with_pass() + headers) + raw_body;
}

std::string chunked_post(const std::string& chunks, const std::string& headers = {}) {
  return posted(headers + "transfer-encoding: chunked\r\n", chunks);
}

std::string plain_post(const std::string& body, const std::string& headers = {}) {
  return request("POST", kPath, with_pass() + headers, body);
}

class Upload : public GatewayTest {
 protected:
  /// Refused, and nothing of it came to the provider.
  io::Task<void> expect_misplaced(std::string octets, std::string what) {
    const Answer answer = co_await ask(std::move(octets), "POST");
    EXPECT_EQ(answer.status, 400) << what;
    EXPECT_TRUE(answer.says("pass_misplaced")) << what;
    EXPECT_TRUE(world.provider.seen.empty()) << what;
  }
};

TEST_F(Upload, D1_D3_a_pass_in_a_body_is_not_sent_in_any_form_or_framing) {
  auto story = [&]() -> io::Task<void> {
    for (const std::string& pass : {kGeminiPass, kElevenPass, kProxyCredential}) {
      const std::string json = "{\"contents\":[{\"text\":\"my key is " + pass + "\"}]}";
      co_await expect_misplaced(plain_post(json), "JSON");
      co_await expect_misplaced(plain_post("a=1&note=" + percent_encode(pass),
                                           "content-type: "
                                           "application/x-www-form-urlencoded\r\n"),
                                "a form");
      co_await expect_misplaced(
          plain_post(
              "--b\r\ncontent-disposition: form-data; name=\"f\"\r\n\r\n" + pass + "\r\n--b--\r\n",
              "content-type: multipart/form-data; boundary=b\r\n"),
          "multipart");
      co_await expect_misplaced(plain_post(to_base64(bytes_of("user:" + pass))), "base64");
      co_await expect_misplaced(chunked_post(chunk(json) + "0\r\n\r\n"), "a chunk");
      std::string pieces;
      for (const char c : json) pieces += chunk(std::string(1, c));
      co_await expect_misplaced(chunked_post(pieces + "0\r\n\r\n"), "many chunks");
    }
    const bool is_found = co_await world.until([&] { return !world.vault.findings.empty(); });
    EXPECT_TRUE(is_found);
    for (const auto& what : world.vault.findings) EXPECT_EQ(what, "pass_misplaced");
  };
  run(story());
}

TEST_F(Upload, D2_D3_a_pass_in_a_head_is_not_sent_in_any_form) {
  auto story = [&]() -> io::Task<void> {
    for (const std::string& pass : {kGeminiPass, kElevenPass, kProxyCredential}) {
      const std::string encoded = to_base64(bytes_of("u:" + pass));
      const std::vector<std::string> all = {
          request("GET", kPath, with_pass() + pass + ": 1\r\n"),
          request("GET", kPath, with_pass() + "x-note: a " + pass + "\r\n"),
          request("GET", kPath, with_pass() + "cookie: s=" + encoded + "\r\n"),
          request("GET", kPath, with_pass() + "x-note: " + to_hex(bytes_of(pass)) + "\r\n"),
          request(
              "GET",
              std::string(kPath) + "?q=%" + to_hex(bytes_of(pass.substr(0, 1))) + pass.substr(1),
              with_pass()),
          request("GET", std::string(kPath) + "/" + pass, with_pass()),
          request("GET", kPath, with_pass() + "sec-websocket-protocol: " + pass + "\r\n")};
      for (const auto& octets : all) co_await expect_misplaced(octets, octets);
    }
    const bool is_found = co_await world.until([&] { return !world.vault.findings.empty(); });
    EXPECT_TRUE(is_found);
    for (const auto& what : world.vault.findings) EXPECT_EQ(what, "pass_misplaced");
  };
  run(story());
}

TEST_F(Upload, D3_a_pass_in_a_coded_body_is_not_sent) {
  auto story = [&]() -> io::Task<void> {
    const std::string text = std::string(3000, 'x') + kElevenPass + std::string(3000, 'y');
    for (const auto& [coding, name] : http::kCodings) {
      const std::string coded = http::encoded(coding, text);
      const std::string headers = std::string("content-encoding: ") + name + "\r\n";
      co_await expect_misplaced(plain_post(coded, headers), name);
      co_await expect_misplaced(
          chunked_post(chunk(coded.substr(0, 9)) + chunk(coded.substr(9)) + "0\r\n\r\n", headers),
          std::string(name) + " in chunks");
    }
    // RFC 1952 2.3.1: a comment, which decodes to nothing.
    std::string commented = http::encoded(http::ContentCoding::Gzip, "nothing");
    commented[3] = 0x10;
    commented.insert(10, kElevenPass + std::string(1, '\0'));
    co_await expect_misplaced(plain_post(commented, "content-encoding: gzip\r\n"), "a comment");
    const bool is_found = co_await world.until([&] { return !world.vault.findings.empty(); });
    EXPECT_TRUE(is_found);
    for (const auto& what : world.vault.findings) EXPECT_EQ(what, "pass_misplaced");
  };
  run(story());
}

TEST_F(Upload, D3_a_coded_body_that_holds_none_goes_on_as_it_came) {
  auto story = [&]() -> io::Task<void> {
    const std::string text = std::string(100'000, 'x') + "AIza but no pass";
    for (const auto& [coding, name] : http::kCodings) {
      const std::string coded = http::encoded(coding, text);
      const std::string octets =
          plain_post(coded, std::string("content-encoding: ") + name + "\r\n");
      const Answer answer = co_await ask(octets, "POST");
      EXPECT_EQ(answer.status, 200) << name;
      EXPECT_EQ(last_seen().body, coded) << name;
      EXPECT_NE(last_seen().head.find(std::string("content-encoding: ") + name), std::string::npos);
    }
  };
  run(story());
}

TEST_F(Upload, D3_what_cannot_be_decoded_is_not_sent) {
  auto story = [&]() -> io::Task<void> {
    const std::string good = http::encoded(http::ContentCoding::Gzip, "some text");
    for (const auto& [coding, body] : std::vector<std::pair<std::string, std::string>>{
             {"compress", "x"},
             {"gzip, gzip", good},
             {"gzip", "not gzip"},
             {"gzip", good + "x"},
             {"gzip", good.substr(0, good.size() - 2)}}) {
      const std::string octets = plain_post(body, "content-encoding: " + coding + "\r\n");
      const Answer answer = co_await ask(octets, "POST");
      EXPECT_EQ(answer.status, 415) << coding;
      EXPECT_TRUE(answer.says("request_encoding"));
    }
    EXPECT_TRUE(world.provider.seen.empty());
  };
  run(story());
}

TEST_F(Upload, D3_an_upload_is_cut_before_a_pass_in_it) {
  auto story = [&]() -> io::Task<void> {
    world.provider.becomes_raw = true;
    world.provider.reads_bodies = false;
    world.provider.answer = [](const Provider::Seen&) { return std::string(); };
    const std::string before(3UL << 20U, 'b');
    const std::string pass = kElevenPass;
    Agent agent = world.agent();
    const std::string octets = posted("content-length: 9000000\r\n", before + pass.substr(0, 20));
    (void)co_await agent.send(octets);
    (void)co_await world.until([&] { return world.provider.raw.size() == before.size(); });
    EXPECT_EQ(world.provider.raw.size(), before.size()) << "what may be one is held back";
    (void)co_await agent.send(pass.substr(20) + "and more");
    const Answer answer = co_await agent.answer("POST");
    EXPECT_EQ(answer.status, 400);
    EXPECT_TRUE(answer.says("pass_misplaced"));
    (void)co_await world.until([&] { return world.provider.ended == 1; });
    EXPECT_EQ(world.provider.raw, before);
    (void)co_await world.until([&] { return !world.vault.findings.empty(); });
    EXPECT_EQ(world.vault.findings, std::vector<std::string>{"pass_misplaced"});
  };
  run(story());
}

TEST_F(Upload, D3_a_pass_behind_a_claimed_end_of_a_message_is_not_sent) {
  auto story = [&]() -> io::Task<void> {
    world.provider.becomes_raw = true;
    world.provider.reads_bodies = false;
    world.provider.answer = [](const Provider::Seen&) { return std::string(); };
    // The length of a message ends in the middle of the pass.
    for (const std::size_t cut : {std::size_t{3}, std::size_t{20}}) {
      world.provider.raw.clear();
      const std::string head = std::string(4, '\0') + static_cast<char>(cut);
      const std::string goes_on = cut == 3 ? head + kElevenPass.substr(0, 3) : head;
      Agent agent = world.agent();
      const std::string octets =
          posted("content-type: application/grpc\r\ncontent-length: 9000\r\n",
                 head + kElevenPass.substr(0, cut));
      (void)co_await agent.send(octets);
      (void)co_await world.until([&] { return world.provider.raw.size() == goes_on.size(); });
      EXPECT_EQ(world.provider.raw, goes_on) << cut;
      (void)co_await agent.send(kElevenPass.substr(cut) + "and more");
      const Answer answer = co_await agent.answer("POST");
      EXPECT_EQ(answer.status, 400) << cut;
      EXPECT_TRUE(answer.says("pass_misplaced")) << cut;
      EXPECT_EQ(world.provider.raw, goes_on) << cut;
    }
  };
  run(story());
}

TEST_F(Upload, D3_extensions_of_chunks_end_here_and_a_pass_in_a_trailer_is_not_sent) {
  auto story = [&]() -> io::Task<void> {
    const std::string encoded = to_base64(bytes_of("x" + kElevenPass));
    for (const std::string& pass : {kGeminiPass, kElevenPass, encoded}) {
      const std::string misplaced =
          chunked_post(chunk("hello") + "0\r\nx-note: " + pass + "\r\n\r\n");
      co_await expect_misplaced(misplaced, "a trailer");
    }
    world.provider.becomes_raw = true;
    world.provider.reads_bodies = false;
    world.provider.answer = [](const Provider::Seen&) { return ok(); };
    const std::string octets =
        chunked_post(chunk("hello", ";a=" + kGeminiPass) + "0\r\nx-note: AIza only\r\n\r\n");
    const Answer answer = co_await ask(octets, "POST");
    EXPECT_EQ(answer.status, 200);
    EXPECT_EQ(world.provider.raw, "5\r\nhello\r\n0\r\nx-note: AIza only\r\n\r\n");
  };
  run(story());
}

TEST_F(Upload, D4_framing_is_right_whatever_the_chunks_were) {
  auto story = [&]() -> io::Task<void> {
    const std::string body = "AIza" + std::string(40, 'p') + "!" + std::string(100, 'z') + "sk_";
    for (std::size_t size = 1; size < body.size(); size += 3) {
      std::string chunks;
      for (std::size_t at = 0; at < body.size(); at += size) chunks += chunk(body.substr(at, size));
      const Answer answer = co_await ask(chunked_post(chunks + "0\r\n\r\n"), "POST");
      EXPECT_EQ(answer.status, 200);
      EXPECT_EQ(last_seen().body, body);
    }
    const Answer answer = co_await ask(plain_post(body), "POST");
    EXPECT_EQ(answer.status, 200);
    EXPECT_EQ(last_seen().body, body);
  };
  run(story());
}

}  // namespace
}  // namespace strongroom::gateway
