// SPDX-License-Identifier: Apache-2.0
#include "http/head.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace strongroom::http {
namespace {

using namespace std::string_view_literals;

struct RequestCase {
  std::string_view name;
  std::string_view text;
  ParseState state;
  int status = 0;
};

const std::string kLongTarget =
    "GET /" + std::string(kMaxTarget, 'a') + " HTTP/1.1\r\nHost: a\r\n\r\n";
const std::string kNoLineEnd(kMaxHead, 'G');
const std::string kHugeHead =
    "GET / HTTP/1.1\r\nHost: a\r\nX: " + std::string(kMaxHead, 'x') + "\r\n\r\n";

std::string head_with_headers(std::size_t count) {
  std::string text = "GET / HTTP/1.1\r\nHost: a\r\n";
  for (std::size_t i = 1; i < count; ++i) text += "X" + std::to_string(i) + ": v\r\n";
  return text + "\r\n";
}
const std::string kMostHeaders = head_with_headers(kMaxHeaders);
const std::string kTooManyHeaders = head_with_headers(kMaxHeaders + 1);

constexpr auto kOk = ParseState::Complete;
constexpr auto kBad = ParseState::Bad;
constexpr auto kMore = ParseState::NeedMore;

const std::vector<RequestCase>& request_cases() {
  static const std::vector<RequestCase> cases = {
      // Fine
      {"plain", "GET / HTTP/1.1\r\nHost: a\r\n\r\n"sv, kOk},
      {"host with port", "GET /x?y=1 HTTP/1.1\r\nHost: a.example:8701\r\n\r\n"sv, kOk},
      {"host IPv6", "GET / HTTP/1.1\r\nHost: [::1]:8701\r\n\r\n"sv, kOk},
      {"raw query characters", "GET /a?q={x}|^`[1] HTTP/1.1\r\nHost: a\r\n\r\n"sv, kOk},
      {"empty value", "GET / HTTP/1.1\r\nHost: a\r\nX-E:\r\nX-F: \t \r\n\r\n"sv, kOk},
      {"tab and obs-text",
       "GET / HTTP/1.1\r\nHost: a\r\nX: one\ttwo three four \xc3\xa9 five\r\n\r\n"sv, kOk},
      {"HTTP/1.0 without Host", "GET / HTTP/1.0\r\n\r\n"sv, kOk},
      {"absolute form", "GET http://a/x HTTP/1.1\r\nHost: a\r\n\r\n"sv, kOk},
      {"absolute form, default port", "GET https://A:443?x HTTP/1.1\r\nHost: a\r\n\r\n"sv, kOk},
      {"authority form", "CONNECT a:443 HTTP/1.1\r\nHost: a:443\r\n\r\n"sv, kOk},
      {"asterisk form", "OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n"sv, kOk},
      {"unknown method", "BREW /pot HTTP/1.1\r\nHost: a\r\n\r\n"sv, kOk},
      {"most headers", kMostHeaders, kOk},
      {"length zero", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n"sv, kOk},
      {"chunked in capitals", "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: CHUNKED\r\n\r\n"sv,
       kOk},
      // Unfinished
      {"nothing", ""sv, kMore},
      {"no line end yet", "GET / HTTP/1.1"sv, kMore},
      {"CR at the end", "GET / HTTP/1.1\r\nHost: a\r\n\r"sv, kMore},
      {"no blank line yet", "GET / HTTP/1.1\r\nHost: a\r\n"sv, kMore},
      {"bad octet in an unfinished line", "GET / HTTP/1.1\r\nHo\0st"sv, kMore},
      // Start line
      {"leading CRLF", "\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n"sv, kBad, 400},
      {"leading blank", " GET / HTTP/1.1\r\nHost: a\r\n\r\n"sv, kBad, 400},
      {"HTTP/0.9", "GET /\r\n"sv, kBad, 400},
      {"HTTP/0.9 named", "GET / HTTP/0.9\r\n\r\n"sv, kBad, 505},
      {"HTTP/1.2", "GET / HTTP/1.2\r\nHost: a\r\n\r\n"sv, kBad, 505},
      {"HTTP/2 preface", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"sv, kBad, 505},
      {"lower-case version", "GET / http/1.1\r\nHost: a\r\n\r\n"sv, kBad, 400},
      {"version with two digits", "GET / HTTP/1.10\r\nHost: a\r\n\r\n"sv, kBad, 400},
      {"two blanks", "GET  / HTTP/1.1\r\nHost: a\r\n\r\n"sv, kBad, 400},
      {"two blanks before version", "GET /  HTTP/1.1\r\nHost: a\r\n\r\n"sv, kBad, 400},
      {"tab between", "GET\t/ HTTP/1.1\r\nHost: a\r\n\r\n"sv, kBad, 400},
      {"blank after version", "GET / HTTP/1.1 \r\nHost: a\r\n\r\n"sv, kBad, 400},
      {"blank in target", "GET /a b HTTP/1.1\r\nHost: a\r\n\r\n"sv, kBad, 400},
      {"fragment in target", "GET /a#b HTTP/1.1\r\nHost: a\r\n\r\n"sv, kBad, 400},
      {"backslash in target", "GET /a\\b HTTP/1.1\r\nHost: a\r\n\r\n"sv, kBad, 400},
      {"NUL in target", "GET /a\0b HTTP/1.1\r\nHost: a\r\n\r\n"sv, kBad, 400},
      {"octet over 7f in target", "GET /\xc3\xa9 HTTP/1.1\r\nHost: a\r\n\r\n"sv, kBad, 400},
      {"DEL in target", "GET /\x7f HTTP/1.1\r\nHost: a\r\n\r\n"sv, kBad, 400},
      {"method not a token", "GE(T / HTTP/1.1\r\nHost: a\r\n\r\n"sv, kBad, 400},
      {"method empty", " / HTTP/1.1\r\nHost: a\r\n\r\n"sv, kBad, 400},
      {"method too long", "GETGETGETGETGETGETGETGETGETGETGETGET / HTTP/1.1\r\nHost: a\r\n\r\n"sv,
       kBad, 501},
      {"relative target", "GET x HTTP/1.1\r\nHost: a\r\n\r\n"sv, kBad, 400},
      {"asterisk with GET", "GET * HTTP/1.1\r\nHost: a\r\n\r\n"sv, kBad, 400},
      {"CONNECT with a path", "CONNECT /x HTTP/1.1\r\nHost: a\r\n\r\n"sv, kBad, 400},
      {"CONNECT without port", "CONNECT a HTTP/1.1\r\nHost: a\r\n\r\n"sv, kBad, 400},
      {"CONNECT port zero", "CONNECT a:0 HTTP/1.1\r\nHost: a\r\n\r\n"sv, kBad, 400},
      {"CONNECT port too large", "CONNECT a:65536 HTTP/1.1\r\nHost: a\r\n\r\n"sv, kBad, 400},
      {"CONNECT with user", "CONNECT u@a:443 HTTP/1.1\r\nHost: a\r\n\r\n"sv, kBad, 400},
      {"CONNECT with a body",
       "CONNECT a:443 HTTP/1.1\r\nHost: a:443\r\nContent-Length: 3\r\n\r\nabc"sv, kBad, 400},
      {"absolute form with user", "GET http://u@a/ HTTP/1.1\r\nHost: a\r\n\r\n"sv, kBad, 400},
      {"absolute form, other Host", "GET http://a/ HTTP/1.1\r\nHost: b\r\n\r\n"sv, kBad, 400},
      {"absolute form, other port", "GET http://a:81/ HTTP/1.1\r\nHost: a\r\n\r\n"sv, kBad, 400},
      {"absolute form without authority", "GET http:///x HTTP/1.1\r\nHost: a\r\n\r\n"sv, kBad, 400},
      {"another scheme", "GET ftp://a/x HTTP/1.1\r\nHost: a\r\n\r\n"sv, kBad, 400},
      {"target too long", kLongTarget, kBad, 414},
      {"never a line end", kNoLineEnd, kBad, 414},
      // Lines
      {"bare LF after start line", "GET / HTTP/1.1\nHost: a\r\n\r\n"sv, kBad, 400},
      {"bare LF after header", "GET / HTTP/1.1\r\nHost: a\nX: b\r\n\r\n"sv, kBad, 400},
      {"bare LF as the end", "GET / HTTP/1.1\r\nHost: a\r\n\n"sv, kBad, 400},
      {"bare LF in a name", "GET / HTTP/1.1\r\nHo\nst: a\r\n\r\n"sv, kBad, 400},
      {"CR in a value", "GET / HTTP/1.1\r\nHost: a\r\nX: a\rb\r\n\r\n"sv, kBad, 400},
      {"CR CR LF", "GET / HTTP/1.1\r\r\nHost: a\r\n\r\n"sv, kBad, 400},
      {"obs-fold", "GET / HTTP/1.1\r\nHost: a\r\nX: a\r\n b\r\n\r\n"sv, kBad, 400},
      {"obs-fold by tab", "GET / HTTP/1.1\r\nHost: a\r\nX: a\r\n\tb\r\n\r\n"sv, kBad, 400},
      {"fold right after the start line", "GET / HTTP/1.1\r\n Host: a\r\n\r\n"sv, kBad, 400},
      {"blank before colon", "GET / HTTP/1.1\r\nHost : a\r\n\r\n"sv, kBad, 400},
      {"tab before colon", "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding\t: chunked\r\n\r\n"sv,
       kBad, 400},
      {"no colon", "GET / HTTP/1.1\r\nHost: a\r\nnonsense\r\n\r\n"sv, kBad, 400},
      {"empty name", "GET / HTTP/1.1\r\nHost: a\r\n: b\r\n\r\n"sv, kBad, 400},
      {"NUL in a name", "GET / HTTP/1.1\r\nHost: a\r\nX\0: b\r\n\r\n"sv, kBad, 400},
      {"quote in a name", "GET / HTTP/1.1\r\nHost: a\r\nX\": b\r\n\r\n"sv, kBad, 400},
      {"obs-text in a name", "GET / HTTP/1.1\r\nHost: a\r\nX\xc3\xa9: b\r\n\r\n"sv, kBad, 400},
      {"NUL in a value", "GET / HTTP/1.1\r\nHost: a\r\nX: a\0b\r\n\r\n"sv, kBad, 400},
      {"NUL far in a value",
       "GET / HTTP/1.1\r\nHost: a\r\nX: 0123456789abcdef\0 0123456789\r\n\r\n"sv, kBad, 400},
      {"DEL in a value", "GET / HTTP/1.1\r\nHost: a\r\nX: a\x7f-b and on and on\r\n\r\n"sv, kBad,
       400},
      {"vertical tab in a value",
       "GET / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding:\x0b"
       "chunked\r\n\r\n"sv,
       kBad, 400},
      {"too many headers", kTooManyHeaders, kBad, 431},
      {"head too large", kHugeHead, kBad, 431},
      // Host
      {"no Host", "GET / HTTP/1.1\r\n\r\n"sv, kBad, 400},
      {"two Hosts", "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n"sv, kBad, 400},
      {"the same Host twice", "GET / HTTP/1.1\r\nHost: a\r\nhost: a\r\n\r\n"sv, kBad, 400},
      {"empty Host", "GET / HTTP/1.1\r\nHost:\r\n\r\n"sv, kBad, 400},
      {"Host list", "GET / HTTP/1.1\r\nHost: a, b\r\n\r\n"sv, kBad, 400},
      {"Host with user", "GET / HTTP/1.1\r\nHost: u@a\r\n\r\n"sv, kBad, 400},
      {"Host with path", "GET / HTTP/1.1\r\nHost: a/b\r\n\r\n"sv, kBad, 400},
      {"Host with two ports", "GET / HTTP/1.1\r\nHost: a:1:2\r\n\r\n"sv, kBad, 400},
      {"Host with an empty port", "GET / HTTP/1.1\r\nHost: a:\r\n\r\n"sv, kBad, 400},
      {"Host with an open bracket", "GET / HTTP/1.1\r\nHost: [::1\r\n\r\n"sv, kBad, 400},
      // Framing
      {"CL.CL differing",
       "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\n"sv, kBad, 400},
      {"CL.CL the same",
       "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nContent-Length: 3\r\n\r\n"sv, kBad, 400},
      {"CL list", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3, 3\r\n\r\n"sv, kBad, 400},
      {"CL plus", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: +3\r\n\r\n"sv, kBad, 400},
      {"CL minus", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: -3\r\n\r\n"sv, kBad, 400},
      {"CL hex", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0x3\r\n\r\n"sv, kBad, 400},
      {"CL empty", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length:\r\n\r\n"sv, kBad, 400},
      {"CL with a blank inside", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1 2\r\n\r\n"sv,
       kBad, 400},
      {"CL over 2^62",
       "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4611686018427387905\r\n\r\n"sv, kBad, 400},
      {"CL over 2^64",
       "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 18446744073709551617\r\n\r\n"sv, kBad, 400},
      {"CL.TE",
       "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 6\r\nTransfer-Encoding: chunked\r\n\r\n"sv,
       kBad, 400},
      {"TE.CL",
       "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nContent-Length: 6\r\n\r\n"sv,
       kBad, 400},
      {"TE.TE",
       "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: x\r\n\r\n"sv,
       kBad, 400},
      {"TE.TE the same",
       "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n"sv,
       kBad, 400},
      {"TE xchunked", "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: xchunked\r\n\r\n"sv, kBad,
       501},
      {"TE gzip, chunked",
       "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n"sv, kBad, 501},
      {"TE chunked, identity",
       "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked, identity\r\n\r\n"sv, kBad, 400},
      {"TE identity", "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: identity\r\n\r\n"sv, kBad,
       400},
      {"TE quoted", "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: \"chunked\"\r\n\r\n"sv, kBad,
       400},
      {"TE empty", "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding:\r\n\r\n"sv, kBad, 400},
      {"TE with parameter",
       "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked;a=b\r\n\r\n"sv, kBad, 400},
      {"TE in HTTP/1.0", "POST / HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"sv, kBad,
       400},
      {"unknown expectation", "POST / HTTP/1.1\r\nHost: a\r\nExpect: 200-ok\r\n\r\n"sv, kBad, 417},
  };
  return cases;
}

/// Feeds `text` cut after `cut` octets; what the second call says counts unless the first had
/// already decided.
ParseOutcome parse_cut(std::string_view text, std::size_t cut, RequestHead& head) {
  std::size_t scanned = 0;
  const ParseOutcome first = parse_request(text.substr(0, cut), head, scanned);
  if (first.state != ParseState::NeedMore) return first;
  return parse_request(text, head, scanned);
}

TEST(RequestHead, AttackTable) {
  for (const RequestCase& each : request_cases()) {
    RequestHead head;
    std::size_t scanned = 0;
    const ParseOutcome outcome = parse_request(each.text, head, scanned);
    EXPECT_EQ(outcome.state, each.state) << each.name << ": " << outcome.why;
    EXPECT_EQ(outcome.status, each.status) << each.name << ": " << outcome.why;
    if (each.state == ParseState::Complete)
      EXPECT_EQ(outcome.consumed, each.text.size()) << each.name;
    if (each.state == ParseState::Bad) EXPECT_FALSE(outcome.why.empty()) << each.name;
  }
}

TEST(RequestHead, SameOutcomeWhereverItIsCut) {
  for (const RequestCase& each : request_cases()) {
    if (each.text.size() > 4096) continue;  // the fuzzer cuts those
    RequestHead head;
    std::size_t scanned = 0;
    const ParseOutcome whole = parse_request(each.text, head, scanned);
    for (std::size_t cut = 0; cut <= each.text.size(); ++cut) {
      const ParseOutcome parts = parse_cut(each.text, cut, head);
      ASSERT_EQ(parts.state, whole.state) << each.name << " cut at " << cut;
      ASSERT_EQ(parts.status, whole.status) << each.name << " cut at " << cut;
      ASSERT_EQ(parts.why, whole.why) << each.name << " cut at " << cut;
      ASSERT_EQ(parts.consumed, whole.consumed) << each.name << " cut at " << cut;
    }
  }
}

TEST(RequestHead, SameOutcomeOctetByOctet) {
  for (const RequestCase& each : request_cases()) {
    RequestHead head;
    std::size_t whole_scanned = 0;
    const ParseOutcome whole = parse_request(each.text, head, whole_scanned);
    std::size_t scanned = 0;
    ParseOutcome outcome;
    for (std::size_t size = 1; size <= each.text.size() && outcome.state == ParseState::NeedMore;
         ++size)
      outcome = parse_request(each.text.substr(0, size), head, scanned);
    EXPECT_EQ(outcome.state, whole.state) << each.name;
    EXPECT_EQ(outcome.status, whole.status) << each.name;
  }
}

RequestHead parsed(std::string_view text) {
  RequestHead head;
  std::size_t scanned = 0;
  const ParseOutcome outcome = parse_request(text, head, scanned);
  EXPECT_EQ(outcome.state, ParseState::Complete) << outcome.why;
  return head;
}

TEST(RequestHead, SaysWhatItRead) {
  const RequestHead head = parsed(
      "POST /gemini/v1?alt=sse HTTP/1.1\r\nHost: 127.0.0.1:8701\r\nX-Goog-Api-Key:  AIza "
      "\r\ncontent-LENGTH: 200\r\n"
      "Expect: 100-Continue\r\n\r\n");
  EXPECT_EQ(head.method, "POST");
  EXPECT_EQ(head.target, "/gemini/v1?alt=sse");
  EXPECT_EQ(head.headers.size(), 4U);
  ASSERT_NE(head.headers.find("x-goog-api-key"), nullptr);
  EXPECT_EQ(head.headers.find("x-goog-api-key")->value, "AIza");
  EXPECT_EQ(head.headers.find(Name::Host)->value, "127.0.0.1:8701");
  EXPECT_EQ(head.body.kind, BodyKind::Length);
  EXPECT_EQ(head.body.length, 200U);
  EXPECT_TRUE(head.expects_continue);
  EXPECT_TRUE(head.keeps_alive);
  EXPECT_FALSE(head.is_websocket_upgrade);
}

TEST(RequestHead, TellsALengthOf0FromNone) {
  const RequestHead empty = parsed("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n");
  EXPECT_EQ(empty.body.kind, BodyKind::None);
  EXPECT_TRUE(empty.body.says_empty && empty.body.says_length());
  const RequestHead none = parsed("POST / HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_EQ(none.body.kind, BodyKind::None);
  EXPECT_FALSE(none.body.says_empty || none.body.says_length());
}

TEST(RequestHead, LeavesWhatFollows) {
  const std::string_view text = "GET / HTTP/1.1\r\nHost: a\r\n\r\nGET /next";
  RequestHead head;
  std::size_t scanned = 0;
  EXPECT_EQ(parse_request(text, head, scanned).consumed, text.size() - 9);
}

TEST(RequestHead, Persistence) {
  struct Case {
    std::string_view text;
    bool keeps_alive;
  };
  for (const Case& each : std::vector<Case>{
           {"GET / HTTP/1.1\r\nHost: a\r\n\r\n", true},
           {"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", false},
           {"GET / HTTP/1.1\r\nHost: a\r\nConnection: keep-alive\r\nConnection: x, CLOSE\r\n\r\n",
            false},
           {"GET / HTTP/1.0\r\n\r\n", false},
           {"GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n", true},
           {"GET / HTTP/1.0\r\nConnection: keep-alive, close\r\n\r\n", false}})
    EXPECT_EQ(parsed(each.text).keeps_alive, each.keeps_alive) << each.text;
}

TEST(RequestHead, WebSocketUpgrade) {
  const std::string good =
      "GET /ws HTTP/1.1\r\nHost: a\r\nConnection: keep-alive, Upgrade\r\nUpgrade: WebSocket\r\n"
      "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
  EXPECT_TRUE(parsed(good).is_websocket_upgrade);
  const auto without = [&good](std::string_view from, std::string_view to) {
    std::string text = good;
    text.replace(text.find(from), from.size(), to);
    return parsed(text).is_websocket_upgrade;
  };
  EXPECT_FALSE(without("GET", "POST"));
  EXPECT_FALSE(without("keep-alive, Upgrade", "keep-alive"));
  EXPECT_FALSE(without("WebSocket\r\n", "h2c\r\n"));
  EXPECT_FALSE(without("Version: 13", "Version: 12"));
  EXPECT_FALSE(without("dGhlIHNhbXBsZSBub25jZQ==", "c2hvcnQ="));
  EXPECT_FALSE(without("Sec-WebSocket-Version",
                       "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version"));
  EXPECT_FALSE(without("Connection:", "Content-Length: 2\r\nConnection:"));
  EXPECT_FALSE(without("HTTP/1.1", "HTTP/1.0"));
}

struct ResponseCase {
  std::string_view name;
  std::string_view method;
  std::string_view text;
  ParseState state;
  BodyKind kind = BodyKind::None;
  std::uint64_t length = 0;
  bool keeps_alive = true;
};

TEST(ResponseHead, Table) {
  for (const ResponseCase& each : std::vector<ResponseCase>{
           {"length", "GET", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", kOk, BodyKind::Length,
            5},
           {"no phrase", "GET", "HTTP/1.1 200 \r\nContent-Length: 5\r\n\r\n", kOk, BodyKind::Length,
            5},
           {"no blank, no phrase", "GET", "HTTP/1.1 200\r\nContent-Length: 5\r\n\r\n", kOk,
            BodyKind::Length, 5},
           {"chunked", "GET", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", kOk,
            BodyKind::Chunked},
           {"until the end", "GET", "HTTP/1.1 200 OK\r\n\r\n", kOk, BodyKind::UntilEnd, 0, false},
           {"empty", "GET", "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", kOk},
           {"HEAD", "HEAD", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", kOk},
           {"304", "GET", "HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n", kOk},
           {"204", "GET", "HTTP/1.1 204 No Content\r\n\r\n", kOk},
           {"204 that announces a body", "GET",
            "HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\n", kOk, BodyKind::None, 0, false},
           {"100", "POST", "HTTP/1.1 100 Continue\r\n\r\n", kOk},
           {"CONNECT", "CONNECT", "HTTP/1.1 200 OK\r\n\r\n", kOk},
           {"CONNECT refused", "CONNECT", "HTTP/1.1 403 No\r\nContent-Length: 5\r\n\r\n", kOk,
            BodyKind::Length, 5},
           {"closes", "GET", "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 5\r\n\r\n",
            kOk, BodyKind::Length, 5, false},
           {"HTTP/1.0", "GET", "HTTP/1.0 200 OK\r\nContent-Length: 5\r\n\r\n", kOk,
            BodyKind::Length, 5, false},
           {"phrase with a colon and obs-text", "GET",
            "HTTP/1.1 404 a: \xc3\xa9\r\nContent-Length: 0\r\n\r\n", kOk},
           {"TE and CL", "GET",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n", kBad},
           {"two CL", "GET", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 5\r\n\r\n",
            kBad},
           {"TE gzip", "GET", "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n", kBad},
           {"TE in 1.0", "GET", "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", kBad},
           {"status of two digits", "GET", "HTTP/1.1 20 OK\r\n\r\n", kBad},
           {"status of four digits", "GET", "HTTP/1.1 2000 OK\r\n\r\n", kBad},
           {"status 099", "GET", "HTTP/1.1 099 OK\r\n\r\n", kBad},
           {"HTTP/2", "GET", "HTTP/2.0 200 OK\r\n\r\n", kBad},
           {"ICY", "GET", "ICY 200 OK\r\n\r\n", kBad},
           {"bare LF", "GET", "HTTP/1.1 200 OK\nContent-Length: 5\n\n", kBad},
           {"obs-fold", "GET", "HTTP/1.1 200 OK\r\nX: a\r\n b\r\nContent-Length: 5\r\n\r\n", kBad},
           {"blank before colon", "GET", "HTTP/1.1 200 OK\r\nContent-Length : 5\r\n\r\n", kBad},
           {"unfinished", "GET", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n", kMore}}) {
    for (std::size_t cut = 0; cut <= each.text.size(); ++cut) {
      ResponseHead head;
      std::size_t scanned = 0;
      ParseOutcome outcome = parse_response(each.text.substr(0, cut), each.method, head, scanned);
      if (outcome.state == ParseState::NeedMore)
        outcome = parse_response(each.text, each.method, head, scanned);
      ASSERT_EQ(outcome.state, each.state) << each.name << ": " << outcome.why;
      if (each.state == ParseState::Bad) ASSERT_EQ(outcome.status, 502) << each.name;
      if (each.state != ParseState::Complete) continue;
      ASSERT_EQ(outcome.consumed, each.text.size()) << each.name;
      ASSERT_EQ(head.body.kind, each.kind) << each.name;
      ASSERT_EQ(head.body.length, each.length) << each.name;
      ASSERT_EQ(head.keeps_alive, each.keeps_alive) << each.name;
    }
  }
}

TEST(Syntax, EveryInternedNameIsFoundInAnyCase) {
  struct Case {
    std::string_view name;
    Name id;
  };
  for (const Case& each :
       std::vector<Case>{{"host", Name::Host},
                         {"content-length", Name::ContentLength},
                         {"transfer-encoding", Name::TransferEncoding},
                         {"connection", Name::Connection},
                         {"keep-alive", Name::KeepAlive},
                         {"proxy-connection", Name::ProxyConnection},
                         {"proxy-authorization", Name::ProxyAuthorization},
                         {"proxy-authenticate", Name::ProxyAuthenticate},
                         {"te", Name::Te},
                         {"trailer", Name::Trailer},
                         {"upgrade", Name::Upgrade},
                         {"expect", Name::Expect},
                         {"authorization", Name::Authorization},
                         {"cookie", Name::Cookie},
                         {"content-type", Name::ContentType},
                         {"content-encoding", Name::ContentEncoding},
                         {"accept-encoding", Name::AcceptEncoding},
                         {"location", Name::Location},
                         {"date", Name::Date},
                         {"sec-websocket-key", Name::SecWebSocketKey},
                         {"sec-websocket-protocol", Name::SecWebSocketProtocol},
                         {"sec-websocket-version", Name::SecWebSocketVersion},
                         {"sec-websocket-extensions", Name::SecWebSocketExtensions},
                         {"sec-websocket-accept", Name::SecWebSocketAccept},
                         {"forwarded", Name::Forwarded},
                         {"x-forwarded-for", Name::XForwardedFor},
                         {"x-forwarded-host", Name::XForwardedHost},
                         {"x-forwarded-proto", Name::XForwardedProto},
                         {"user-agent", Name::UserAgent},
                         {"accept", Name::Accept},
                         {"server", Name::Server}}) {
    std::string upper(each.name);
    for (char& c : upper)
      if (c >= 'a' && c <= 'z') c = static_cast<char>(c - ('a' - 'A'));
    for (const std::string& name : {std::string(each.name), upper}) {
      const std::string text = "GET / HTTP/1.0\r\n" + name + ": 100-continue\r\n\r\n";
      RequestHead head;
      std::size_t scanned = 0;
      (void)parse_request(text, head, scanned);
      ASSERT_EQ(head.headers.size(), 1U) << name;
      EXPECT_EQ(head.headers.all()[0].id, each.id) << name;
    }
  }
}

TEST(Syntax, Lists) {
  EXPECT_TRUE(list_has("keep-alive, Upgrade", "upgrade"));
  EXPECT_TRUE(list_has("\tupgrade ,x", "upgrade"));
  EXPECT_FALSE(list_has("upgrades", "upgrade"));
  EXPECT_FALSE(list_has("", "upgrade"));
  EXPECT_TRUE(is_hop_by_hop(Name::Te));
  EXPECT_FALSE(is_hop_by_hop(Name::ContentLength));
  EXPECT_FALSE(is_hop_by_hop(Name::Trailer)) << "RFC 9110 6.6.2";
  EXPECT_EQ(reason_phrase(404), "Not Found");
  EXPECT_EQ(reason_phrase(100), "Continue");
  EXPECT_EQ(reason_phrase(511), "Network Authentication Required");
  EXPECT_EQ(reason_phrase(599), "");
}

}  // namespace
}  // namespace strongroom::http
