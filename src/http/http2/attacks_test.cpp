// Frames written by hand: smuggling (threats.md F7) and a broken protocol.
// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "http/http2/victim_for_test.h"

namespace strongroom::http {
namespace {

using Kind = Http2EventKind;

TEST(Http2Attacks, ALargeHeadIsAnsweredAndTheRestGoesOn_E9) {
  Victim victim;
  Fields fields = get_fields();
  fields.emplace_back("x-a", std::string(15000, 'a'));
  fields.emplace_back("x-b", std::string(15000, 'b'));
  fields.emplace_back("x-c", std::string(15000, 'c'));
  const std::string block = hpack_block(fields);
  ASSERT_TRUE(victim.feed(http2_frame(1, kEndStreamFlag, 1, block.substr(0, 16000)) +
                          http2_frame(9, 0, 1, block.substr(16000, 16000)) +
                          http2_frame(9, kEndHeadersFlag, 1, block.substr(32000)) +
                          headers_frame(3, get_fields())));
  const auto events = events_of(victim.session);
  ASSERT_NE(find_event(events, Kind::Refused), nullptr);
  EXPECT_EQ(find_event(events, Kind::Refused)->code, 431U);
  EXPECT_NE(find_event(events, Kind::Request, 3), nullptr);
  Http2Session client(Http2Role::Client, victim.clock);
  for (int i = 0; i < 2; ++i)
    ASSERT_TRUE(client.submit_request(request_head("GET / HTTP/1.1\r\nHost: a\r\n\r\n"),
                                      Http2Scheme::Https, Http2End::Ends));
  (void)take_all(client);
  ASSERT_TRUE(client.feed(bytes_of(take_all(victim.session))));
  const auto answers = events_of(client);
  ASSERT_NE(find_event(answers, Kind::Answer, 1), nullptr);
  EXPECT_EQ(find_event(answers, Kind::Answer, 1)->text,
            "HTTP/1.1 431 Request Header Fields Too Large\r\ncontent-length: 0\r\n\r\n");
  EXPECT_EQ(victim.session.held_streams(), 1U);
}

TEST(Http2Attacks, MalformedRequestsReachNobody_F7) {
  using namespace std::string_literals;
  const auto with = [](std::string name, std::string value) {
    Fields fields = get_fields();
    fields.emplace_back(std::move(name), std::move(value));
    return fields;
  };
  const std::vector<Fields> cases = {
      with("x-a", "b\r\nx-c: d"),
      with("x-a", "b\0c"s),
      with("x-a", " b"),
      with("X-Upper", "b"),
      with("x a", "b"),
      with("connection", "close"),
      with("keep-alive", "1"),
      with("proxy-connection", "close"),
      with("upgrade", "h2c"),
      with("transfer-encoding", "chunked"),
      with("te", "gzip"),
      with("host", "b.example"),
      with(":path", "/b"),
      with("content-length", "5"),
      with(":protocol", "x"),
      get_fields(""),
      get_fields("b"),
      get_fields("https://b/"),
      get_fields("/ HTTP/1.1\r\nx: y"),
  };
  for (const Fields& fields : cases) {
    Victim victim;
    ASSERT_TRUE(victim.feed(headers_frame(1, fields))) << fields.back().first;
    ASSERT_TRUE(victim.feed(headers_frame(3, get_fields("/next"))));
    const auto events = events_of(victim.session);
    EXPECT_EQ(find_event(events, Kind::Request, 1), nullptr) << fields.back().first;
    ASSERT_NE(find_event(events, Kind::Refused, 1), nullptr) << fields.back().first;
    EXPECT_EQ(find_event(events, Kind::Refused, 1)->code, 400U);
    EXPECT_NE(find_event(events, Kind::Request, 3), nullptr) << "the connection goes on";
    bool was_reset = false;
    for (const ReceivedFrame& frame : frames_of(take_all(victim.session)))
      was_reset = was_reset || (frame.type == 3 && number_at(frame.payload, 0) == 1);
    EXPECT_TRUE(was_reset) << fields.back().first;
  }
}

TEST(Http2Attacks, DataThatDiffersFromContentLengthNeverEnds_F7) {
  Fields five = get_fields();
  five.emplace_back("content-length", "5");
  for (const std::string body : {"1234", "123456", ""}) {
    Victim victim;
    ASSERT_TRUE(victim.feed(headers_frame(1, five, kEndHeadersFlag) +
                            http2_frame(0, kEndStreamFlag, 1, body)));
    (void)take_all(victim.session);
    const auto events = events_of(victim.session);
    EXPECT_NE(find_event(events, Kind::Request), nullptr);
    EXPECT_EQ(find_event(events, Kind::End), nullptr) << body;
    EXPECT_FALSE(victim.session.has_ended(1));
    ASSERT_NE(find_event(events, Kind::Closed), nullptr) << body;
    EXPECT_EQ(find_event(events, Kind::Closed)->code, 1U);
  }
  Victim victim;
  ASSERT_TRUE(victim.feed(headers_frame(1, five, kEndHeadersFlag) + http2_frame(0, 0, 1, "123") +
                          http2_frame(0, kEndStreamFlag, 1, "45")));
  EXPECT_TRUE(victim.session.has_ended(1));
  EXPECT_EQ(read_all(victim.session, 1), "12345");
}

TEST(Http2Attacks, EachRequestHasItsOwnAuthority_A12_A13) {
  Victim victim;
  Fields other = get_fields("/b");
  other[2].second = "evil.example";
  ASSERT_TRUE(victim.feed(headers_frame(1, get_fields("/a")) + headers_frame(3, other)));
  const auto events = events_of(victim.session);
  EXPECT_NE(find_event(events, Kind::Request, 1)->text.find("host: a.example\r\n"),
            std::string::npos);
  EXPECT_NE(find_event(events, Kind::Request, 3)->text.find("host: evil.example\r\n"),
            std::string::npos);
}

TEST(Http2Attacks, RequestTrailersThatFrameOrAuthorize_D3) {
  for (const char* name : {"content-length", "authorization", "x-api-key", ":path", "host"}) {
    Victim victim;
    ASSERT_TRUE(victim.feed(headers_frame(1, get_fields(), kEndHeadersFlag) +
                            headers_frame(1, {{name, "1"}})));
    (void)take_all(victim.session);
    const auto events = events_of(victim.session);
    EXPECT_EQ(find_event(events, Kind::Trailers), nullptr) << name;
    EXPECT_FALSE(victim.session.has_ended(1)) << name;
    EXPECT_NE(find_event(events, Kind::Closed), nullptr) << name;
  }
}

TEST(Http2Attacks, BreachesOfTheProtocolEndTheSession) {
  struct Case {
    const char* name;
    std::string octets;
    std::uint32_t code;
  };
  const std::vector<Case> cases = {
      {"DATA on stream 0", http2_frame(0, 0, 0, "x"), 1},
      {"DATA on an idle stream", http2_frame(0, 0, 5, "x"), 1},
      {"HEADERS on stream 0", headers_frame(0, get_fields()), 1},
      {"HEADERS on an even stream", headers_frame(2, get_fields()), 1},
      {"CONTINUATION alone", http2_frame(9, 0, 1, "x"), 1},
      {"a frame between HEADERS and CONTINUATION",
       headers_frame(1, get_fields(), 0) + http2_frame(6, 0, 0, "12345678"), 1},
      {"a frame over 16 KiB", http2_frame(0xee, 0, 0, std::string(16385, 'x')), 6},
      {"SETTINGS of 5 octets", http2_frame(4, 0, 0, "12345"), 6},
      {"PING of 7 octets", http2_frame(6, 0, 0, "1234567"), 6},
      {"WINDOW_UPDATE of 0 for all", http2_frame(8, 0, 0, number32(0)), 1},
      {"WINDOW_UPDATE over 2^31", http2_frame(8, 0, 0, number32(0x7fffffff)), 3},
      {"PUSH_PROMISE of a client", http2_frame(5, kEndHeadersFlag, 1, number32(2)), 1},
      {"padding longer than its frame",
       headers_frame(1, get_fields(), kEndHeadersFlag) + http2_frame(0, kPaddedFlag, 1, "\x09"), 1},
      {"HPACK index 0", http2_frame(1, kEndHeadersFlag, 1, "\x80"), 9},
      {"HPACK index beyond the table", http2_frame(1, kEndHeadersFlag, 1, "\xff\x7f"), 9},
      {"a table larger than allowed", http2_frame(1, kEndHeadersFlag, 1, "\x3f\xe2\x1f"), 9},
      {"SETTINGS acknowledged twice", http2_frame(4, kAckFlag, 0) + http2_frame(4, kAckFlag, 0), 1},
      {"WINDOW_UPDATE of 0",
       headers_frame(1, get_fields(), kEndHeadersFlag) + http2_frame(8, 0, 1, number32(0)), 1},
      {"DATA after the end", headers_frame(1, get_fields()) + http2_frame(0, 0, 1, "x"), 5},
  };
  for (const Case& each : cases) {
    Victim victim;
    (void)victim.feed(each.octets);
    EXPECT_EQ(victim.goaway(), each.code) << each.name;
    EXPECT_FALSE(victim.session.status()) << each.name;
    EXPECT_EQ(victim.reason(), http2_reason::kProtocol) << each.name;
    EXPECT_TRUE(victim.session.is_finished()) << each.name;
    EXPECT_FALSE(victim.feed(http2_frame(6, 0, 0, "12345678"))) << each.name;
  }
}

TEST(Http2Attacks, StreamIdsThatGoBackAreNoRequests) {
  Victim victim;
  ASSERT_TRUE(victim.feed(headers_frame(5, get_fields()) + headers_frame(3, get_fields())));
  const auto events = events_of(victim.session);
  EXPECT_NE(find_event(events, Kind::Request, 5), nullptr);
  EXPECT_EQ(find_event(events, Kind::Request, 3), nullptr);
}

TEST(Http2Attacks, WhatIsNotHttp2_F10) {
  for (const std::string start :
       {"GET / HTTP/1.1\r\nHost: a\r\n\r\n", "PRI * HTTP/2.0\r\n\r\nXX"}) {
    ManualClock clock;
    Http2Session session(Http2Role::Server, clock);
    ASSERT_FALSE(session.feed(bytes_of(start)));
    EXPECT_EQ(session.status().error().reason, http2_reason::kBadPreface);
  }
  ManualClock clock;
  Http2Session session(Http2Role::Server, clock);
  (void)session.feed(
      bytes_of("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + http2_frame(6, 0, 0, "12345678")));
  (void)take_all(session);
  EXPECT_FALSE(session.status()) << "SETTINGS come first";
}

TEST(Http2Attacks, AFailureClosesEveryStream) {
  Victim victim;
  ASSERT_TRUE(victim.feed(headers_frame(1, get_fields(), kEndHeadersFlag) +
                          headers_frame(3, get_fields())));
  (void)events_of(victim.session);
  for (int i = 0; i < 200 && victim.session.status(); ++i)
    (void)victim.feed(http2_frame(6, 0, 0, "12345678"));
  const auto events = events_of(victim.session);
  ASSERT_NE(find_event(events, Kind::Closed, 1), nullptr);
  ASSERT_NE(find_event(events, Kind::Closed, 3), nullptr);
  EXPECT_EQ(find_event(events, Kind::Closed, 3)->code, kCalm);
  EXPECT_EQ(
      victim.session.submit_answer(1, response_head("HTTP/1.1 200 OK\r\n\r\n"), Http2End::Open)
          .error()
          .code,
      Code::NotFound);
  victim.session.release(1);
  victim.session.release(3);
  victim.expect_calmed(http2_reason::kPingFlood);
}

TEST(Http2Attacks, ProvidersPushIsRefused) {
  const std::string push =
      http2_frame(5, kEndHeadersFlag, 1, number32(2) + hpack_block(get_fields()));
  HostileProvider early;  // it has yet to see our SETTINGS
  ASSERT_TRUE(early.feed(push));
  EXPECT_TRUE(events_of(early.session).empty());
  const auto frames = frames_of(take_all(early.session));
  ASSERT_EQ(frames.back().type, 3);
  EXPECT_EQ(frames.back().stream, 2U);
  HostileProvider late;
  ASSERT_TRUE(late.feed(http2_frame(4, kAckFlag, 0)));
  ASSERT_FALSE(late.feed(push));
  EXPECT_EQ(late.session.status().error().reason, http2_reason::kProtocol);
}

TEST(Http2Attacks, MalformedAnswersCloseTheirStream_F7) {
  const std::vector<Fields> cases = {
      {{":status", "200"}, {"x-a", "b\r\nc: d"}},
      {{":status", "200"}, {"connection", "close"}},
      {{":status", "200"}, {"transfer-encoding", "chunked"}},
      {{":status", "101"}},
      {{":status", "20"}},
      {{"x-a", "b"}},
      {{":status", "200"}, {"content-length", "5"}},
      {{":status", "200"}, {"content-length", "5"}, {"content-length", "6"}},
      {{":status", "200"}, {"X-Upper", "b"}},
  };
  for (const Fields& fields : cases) {
    HostileProvider provider;
    ASSERT_TRUE(provider.feed(headers_frame(1, fields))) << fields.back().first;
    (void)take_all(provider.session);
    const auto events = events_of(provider.session);
    EXPECT_EQ(find_event(events, Kind::Answer), nullptr) << fields.back().first;
    ASSERT_NE(find_event(events, Kind::Closed), nullptr) << fields.back().first;
    EXPECT_NE(find_event(events, Kind::Closed)->code, 0U);
  }
}

TEST(Http2Attacks, AClientSeesABreachAtOnce) {
  for (const std::string& octets :
       {http2_frame(0, 0, 0, "x"), http2_frame(9, 0, 1, "x"),
        http2_frame(0xee, 0, 0, std::string(16385, 'x')), headers_frame(7, {{":status", "200"}})}) {
    HostileProvider provider;
    EXPECT_FALSE(provider.feed(octets));
    EXPECT_FALSE(provider.session.may_open());
  }
}

}  // namespace
}  // namespace strongroom::http
