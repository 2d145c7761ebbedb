// Header blocks that must not pass (threats.md F7, A6, A11, E3), and what the others become.
// SPDX-License-Identifier: Apache-2.0
#include "http/http2/head.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

namespace strongroom::http {
namespace {

using Fields = std::vector<std::pair<std::string, std::string>>;

Fields request(Fields more) {
  Fields fields = {
      {":method", "POST"}, {":scheme", "https"}, {":authority", "a.example"}, {":path", "/p?q=1"}};
  fields.insert(fields.end(), more.begin(), more.end());
  return fields;
}

Verdict read_request(const Fields& fields, std::string& text, Http2End end = Http2End::Open) {
  Http2HeadReader reader;
  reader.start(Http2HeadReader::Kind::Request);
  for (const auto& [name, value] : fields) reader.add(name, value);
  return reader.finish_request(end, text);
}

TEST(Http2Head, ARequestBecomesWhatHttp1WouldHaveSent) {
  std::string text;
  const Verdict verdict = read_request(
      request({{"cookie", "a=b"}, {"x-key", "v"}, {"cookie", "c=d"}, {"te", "trailers"}}), text);
  EXPECT_FALSE(verdict.is_bad()) << verdict.why;
  EXPECT_EQ(text,
            "POST /p?q=1 HTTP/1.1\r\nhost: a.example\r\nx-key: v\r\nte: trailers\r\n"
            "cookie: a=b; c=d\r\ntransfer-encoding: chunked\r\n\r\n");
  EXPECT_FALSE(read_request(request({{"content-length", "7"}}), text).is_bad());
  EXPECT_TRUE(text.ends_with("content-length: 7\r\n\r\n"));
  EXPECT_FALSE(read_request(request({{"host", "A.example"}}), text, Http2End::Ends).is_bad());
  EXPECT_EQ(text, "POST /p?q=1 HTTP/1.1\r\nhost: a.example\r\n\r\n");
  const Fields with_host = {
      {":method", "GET"}, {":scheme", "http"}, {":path", "/"}, {"host", "b.example:8080"}};
  EXPECT_FALSE(read_request(with_host, text, Http2End::Ends).is_bad());
  EXPECT_EQ(text, "GET / HTTP/1.1\r\nhost: b.example:8080\r\n\r\n");
  const Fields asterisk = {
      {":method", "OPTIONS"}, {":scheme", "http"}, {":path", "*"}, {":authority", "b"}};
  EXPECT_FALSE(read_request(asterisk, text, Http2End::Ends).is_bad());
}

struct BadRequest {
  const char* name;
  Fields fields;
  int status = 400;
  Http2End end = Http2End::Open;
};

std::vector<BadRequest> bad_fields() {
  using namespace std::string_literals;
  return {
      {"F7 CRLF in a value", request({{"x-a", "b\r\nx-c: d"}})},
      {"F7 LF in a value", request({{"x-a", "b\nc"}})},
      {"F7 CR in a value", request({{"x-a", "b\rc"}})},
      {"F7 NUL in a value", request({{"x-a", "b\0c"s}})},
      {"F7 DEL in a value", request({{"x-a", "b\x7f"}})},
      {"F7 CRLF in a name", request({{"x-a\r\nx-b", "c"}})},
      {"F7 a colon in a name", request({{"x-a: b", "c"}})},
      {"F7 a blank in a name", request({{"x a", "c"}})},
      {"F7 an empty name", request({{"", "c"}})},
      {"F7 an upper-case name", request({{"X-a", "c"}})},
      {"F7 obs-text in a name", request({{"x-\xc3\xa9", "c"}})},
      {"F7 a leading blank", request({{"x-a", " b"}})},
      {"F7 a trailing tab", request({{"x-a", "b\t"}})},
      {"F7 transfer-encoding", request({{"transfer-encoding", "chunked"}})},
      {"F7 transfer-encoding identity", request({{"transfer-encoding", "identity"}})},
      {"F1 length and coding",
       request({{"content-length", "5"}, {"transfer-encoding", "chunked"}})},
      {"F1 two lengths", request({{"content-length", "5"}, {"content-length", "5"}})},
      {"F1 a list of lengths", request({{"content-length", "5, 5"}})},
      {"F1 a signed length", request({{"content-length", "+5"}})},
      {"F1 an empty length", request({{"content-length", ""}})},
      {"F1 a hexadecimal length", request({{"content-length", "0x5"}})},
      {"F1 length without a body", request({{"content-length", "5"}}), 400, Http2End::Ends},
      {"E3 connection", request({{"connection", "authorization"}})},
      {"E3 connection close", request({{"connection", "close"}})},
      {"keep-alive", request({{"keep-alive", "timeout=5"}})},
      {"proxy-connection", request({{"proxy-connection", "keep-alive"}})},
      {"F3 upgrade", request({{"upgrade", "h2c"}})},
      {"te gzip", request({{"te", "gzip"}})},
      {"te trailers and more", request({{"te", "trailers, deflate"}})},
      {"A11 another host", request({{"host", "b.example"}})},
      {"A11 host with a port", request({{"host", "a.example:443"}})},
      {"A11 two hosts", request({{"host", "a.example"}, {"host", "a.example"}})},
      {"A11 an empty host", request({{"host", ""}})},
      {"expect other", request({{"expect", "200-maybe"}}), 417},
  };
}

std::vector<BadRequest> bad_pseudo_headers() {
  using namespace std::string_literals;
  const auto with = [](std::string authority, std::string path, std::string method = "GET") {
    return Fields{
        {":method", method}, {":scheme", "https"}, {":authority", authority}, {":path", path}};
  };
  return {
      {"no fields", {}},
      {"no method", {{":scheme", "https"}, {":authority", "a"}, {":path", "/"}}},
      {"no scheme", {{":method", "GET"}, {":authority", "a"}, {":path", "/"}}},
      {"no path", {{":method", "GET"}, {":scheme", "https"}, {":authority", "a"}}},
      {"no authority", {{":method", "GET"}, {":scheme", "https"}, {":path", "/"}}},
      {"an empty method", with("a", "/", "")},
      {"an empty path", with("a", "")},
      {"an empty authority", with("", "/")},
      {"two methods", request({{":method", "GET"}})},
      {"two paths", request({{":path", "/p?q=1"}})},
      {"two schemes", request({{":scheme", "https"}})},
      {"two authorities", request({{":authority", "a.example"}})},
      {"late", request({{"x-a", "b"}, {":path", "/"}})},
      {"unknown", request({{":status", "200"}})},
      {"unknown :foo", request({{":foo", "bar"}})},
      {"only a colon", request({{":", "bar"}})},
      {"extended CONNECT (RFC 8441)", request({{":protocol", "websocket"}})},
      {"an ftp scheme",
       {{":method", "GET"}, {":scheme", "ftp"}, {":authority", "a"}, {":path", "/"}}},
      {"an upper-case scheme",
       {{":method", "GET"}, {":scheme", "HTTPS"}, {":authority", "a"}, {":path", "/"}}},
      {"CONNECT", {{":method", "CONNECT"}, {":authority", "a:443"}}, 501},
      {"CONNECT with a path", with("a:443", "/", "CONNECT"), 501},
      {"F7 a request line in the path", with("a", "/ HTTP/1.1\r\nx: y\r\n\r\nGET /")},
      {"F7 a blank in the path", with("a", "/a b")},
      {"F7 a tab in the path", with("a", "/a\tb")},
      {"F7 NUL in the path", with("a", "/\0"s)},
      {"F7 obs-text in the path", with("a", "/\xc3\xa9")},
      {"F7 a fragment", with("a", "/a#b")},
      {"F8 a backslash", with("a", "/\\..")},
      {"A5 an absolute target", with("a", "https://b/")},
      {"A5 an absolute target of the same host", with("a", "https://a/")},
      {"A5 an authority as target", with("a", "b:443")},
      {"an asterisk with GET", with("a", "*")},
      {"a path without slash", with("a", "a/b")},
      {"F7 a method with a blank", with("a", "/", "GET /x HTTP/1.1\r\n")},
      {"F7 a method with a colon", with("a", "/", "A:B")},
      {"a long method", with("a", "/", std::string(33, 'A')), 501},
      {"A6 a user", with("good@evil", "/")},
      {"A6 a user and password", with("good:x@evil", "/")},
      {"A7 a slash", with("a/b", "/")},
      {"A7 NUL", with("a\0b"s, "/")},
      {"A7 a percent", with("a%2eb", "/")},
      {"A7 CRLF", with("a\r\nx-a: b", "/")},
      {"A7 a blank", with("a b", "/")},
      {"A7 a list", with("a,b", "/")},
      {"A9 an empty port", with("a:", "/")},
      {"A9 a long port", with("a:70000", "/")},
      {"A10 half a bracket", with("[::1", "/")},
      {"a long path", with("a", "/" + std::string(kMaxTarget, 'a')), 414},
  };
}

TEST(Http2Head, RefusesFields_F7) {
  for (const BadRequest& each : bad_fields()) {
    std::string text;
    const Verdict verdict = read_request(each.fields, text, each.end);
    EXPECT_EQ(verdict.status, each.status) << each.name << ": " << verdict.why << "\n" << text;
  }
}

TEST(Http2Head, RefusesPseudoHeaders_F7) {
  for (const BadRequest& each : bad_pseudo_headers()) {
    std::string text;
    const Verdict verdict = read_request(each.fields, text);
    EXPECT_EQ(verdict.status, each.status) << each.name << ": " << verdict.why << "\n" << text;
  }
}

TEST(Http2Head, LimitsOfHttp1Hold_E9) {
  std::string text;
  Fields many;
  for (std::size_t i = 0; i < kMaxHeaders; ++i) many.emplace_back("x-" + std::to_string(i), "v");
  EXPECT_EQ(read_request(request(many), text).status, 431);
  EXPECT_EQ(read_request(request({{"x-a", std::string(kMaxHead, 'v')}}), text).status, 431);
  Fields crumbs;
  for (std::size_t i = 0; i < 2 * kMaxHeaders; ++i) crumbs.emplace_back("cookie", "a=b");
  EXPECT_EQ(read_request(request(crumbs), text).status, 0) << "crumbs are one header";
}

TEST(Http2Head, AReaderForgetsTheBlockBefore) {
  Http2HeadReader reader;
  reader.start(Http2HeadReader::Kind::Request);
  for (const auto& [name, value] : request({{"connection", "close"}, {"host", "b"}}))
    reader.add(name, value);
  std::string text;
  EXPECT_TRUE(reader.finish_request(Http2End::Ends, text).is_bad());
  reader.start(Http2HeadReader::Kind::Request);
  for (const auto& [name, value] : request({})) reader.add(name, value);
  EXPECT_FALSE(reader.finish_request(Http2End::Ends, text).is_bad());
  EXPECT_EQ(text, "POST /p?q=1 HTTP/1.1\r\nhost: a.example\r\n\r\n");
}

Verdict read_answer(const Fields& fields, std::string& text, Http2End end,
                    std::string_view method = "GET") {
  Http2HeadReader reader;
  reader.start(Http2HeadReader::Kind::Answer);
  for (const auto& [name, value] : fields) reader.add(name, value);
  return reader.finish_answer(method, end, text);
}

TEST(Http2Head, Answers) {
  std::string text;
  EXPECT_FALSE(read_answer({{":status", "200"}, {"x-a", " b "}}, text, Http2End::Open).is_bad());
  EXPECT_EQ(text, "HTTP/1.1 200 OK\r\nx-a: b\r\ntransfer-encoding: chunked\r\n\r\n")
      << "providers' blanks are trimmed, as in HTTP/1";
  EXPECT_FALSE(read_answer({{":status", "200"}}, text, Http2End::Ends, "HEAD").is_bad());
  EXPECT_EQ(text, "HTTP/1.1 200 OK\r\n\r\n");
  EXPECT_FALSE(read_answer({{":status", "103"}, {"link", "</a>"}}, text, Http2End::Open).is_bad());
  EXPECT_EQ(text, "HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n");
  const Fields empty = {{":status", "200"}, {"content-length", "00"}, {"x-a", "b"}};
  EXPECT_FALSE(read_answer(empty, text, Http2End::Open).is_bad());
  EXPECT_EQ(text, "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\nx-a: b\r\n\r\n")
      << "trailers may follow";
  EXPECT_FALSE(read_answer(empty, text, Http2End::Ends).is_bad());
  EXPECT_EQ(text, "HTTP/1.1 200 OK\r\ncontent-length: 00\r\nx-a: b\r\n\r\n");
}

TEST(Http2Head, RefusesAnswers_F5_F7_C6) {
  struct Case {
    const char* name;
    Fields fields;
    Http2End end = Http2End::Open;
  };
  const std::vector<Case> cases = {
      {"no status", {{"x-a", "b"}}},
      {"F5 101", {{":status", "101"}}},
      {"two digits", {{":status", "20"}}},
      {"four digits", {{":status", "2000"}}},
      {"no digits", {{":status", "2x0"}}},
      {"below 100", {{":status", "099"}}},
      {"twice", {{":status", "200"}, {":status", "200"}}},
      {"late", {{"x-a", "b"}, {":status", "200"}}},
      {"a request's", {{":status", "200"}, {":path", "/"}}},
      {"F7 CRLF", {{":status", "200"}, {"x-a", "b\r\nc: d"}}},
      {"F7 coding", {{":status", "200"}, {"transfer-encoding", "chunked"}}},
      {"connection", {{":status", "200"}, {"connection", "close"}}},
      {"F5 upgrade", {{":status", "200"}, {"upgrade", "websocket"}}},
      {"two lengths", {{":status", "200"}, {"content-length", "5"}, {"content-length", "6"}}},
      {"length without a body", {{":status", "200"}, {"content-length", "5"}}, Http2End::Ends},
      {"100 that ends", {{":status", "100"}}, Http2End::Ends},
  };
  for (const Case& each : cases) {
    std::string text;
    EXPECT_TRUE(read_answer(each.fields, text, each.end).is_bad()) << each.name << text;
  }
}

TEST(Http2Head, Trailers_C6_D3) {
  auto kind = Http2HeadReader::Kind::Trailers;
  const auto read = [&kind](const Fields& fields, std::string& text) {
    Http2HeadReader reader;
    reader.start(kind);
    for (const auto& [name, value] : fields) reader.add(name, value);
    return reader.finish_trailers(text);
  };
  std::string text;
  EXPECT_FALSE(read({{"grpc-status", "0"}, {"grpc-message", ""}}, text).is_bad());
  EXPECT_EQ(text, "grpc-status: 0\r\ngrpc-message: \r\n");
  for (const char* name :
       {":status", ":path", "host", "content-length", "transfer-encoding", "connection",
        "authorization", "x-api-key", "x_auth_token", "set-cookie", "Upper", "trailer", "te"})
    EXPECT_TRUE(read({{name, "0"}}, text).is_bad()) << name;
  EXPECT_TRUE(read({{"x-a", "b\r\nc: d"}}, text).is_bad());
  EXPECT_TRUE(read({{"x-a", std::string(9000, 'x')}}, text).is_bad());
  EXPECT_TRUE(read(Fields(kMaxHeaders + 1, {"x-a", "b"}), text).is_bad());
  kind = Http2HeadReader::Kind::AnswerTrailers;
  EXPECT_FALSE(read({{"x-token-count", "7"}}, text).is_bad());
  for (const char* name : {":status", "host", "content-length", "Upper", "te"})
    EXPECT_TRUE(read({{name, "0"}}, text).is_bad()) << name;
  Headers headers;
  EXPECT_FALSE(read_trailers("no colon\r\n", headers));
  EXPECT_FALSE(read_trailers("a: b", headers));
  EXPECT_TRUE(read_trailers("", headers));
}

}  // namespace
}  // namespace strongroom::http
