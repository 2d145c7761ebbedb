// Frames by hand against a session: floods (threats.md N1, N2), smuggling (F7), broken protocol.
// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <vector>

#include "http/http2_for_test.h"

namespace strongroom::http {
namespace {

using Kind = Http2EventKind;
using namespace std::chrono_literals;

constexpr std::uint32_t kCalm = 11;

/// A server that a hostile client writes to.
struct Victim {
  explicit Victim(const Http2Limits& limits = {}) : session(Http2Role::Server, clock, limits) {
    EXPECT_TRUE(feed(client_start()));
  }
  bool feed(std::string_view octets) { return session.feed(bytes_of(octets)).has_value(); }
  /// Feeds `octets` up to `times`; answers how often that went well, reading all output meanwhile.
  std::uint32_t repeat(const std::function<std::string(std::uint32_t)>& octets,
                       std::uint32_t times) {
    for (std::uint32_t i = 0; i < times; ++i) {
      if (!feed(octets(i))) return i;
      output += take_all(session);
      if (!session.status()) return i;
    }
    return times;
  }
  std::string reason() const {
    return session.status() ? std::string("none") : session.status().error().reason;
  }
  /// The code of the GOAWAY that ends the output; 999 without one.
  std::uint32_t goaway() {
    output += take_all(session);
    const auto frames = frames_of(output);
    if (frames.empty() || frames.back().type != 7) return 999;
    return number_at(frames.back().payload, 4);
  }
  void expect_calmed(std::string_view why) {
    EXPECT_EQ(reason(), why);
    EXPECT_EQ(goaway(), kCalm);
    EXPECT_FALSE(feed("x"));
    EXPECT_TRUE(session.is_finished());
  }

  ManualClock clock;
  Http2Session session;
  std::string output;
};

std::uint32_t stream_of(std::uint32_t i) {
  return 2 * i + 1;
}

TEST(Http2Attacks, RapidReset_N2) {
  Victim victim;
  const auto open_and_reset = [](std::uint32_t i) {
    return headers_frame(stream_of(i), get_fields()) + http2_frame(3, 0, stream_of(i), number32(8));
  };
  // The caller is quick and releases every stream at once: only the count can end it.
  std::uint32_t passed = 0;
  while (passed < 1000 && victim.feed(open_and_reset(passed))) {
    for (const Http2Event& event : events_of(victim.session)) victim.session.release(event.stream);
    ++passed;
  }
  EXPECT_EQ(passed, Http2Limits{}.resets_per_second);
  victim.expect_calmed(http2_reason::kRapidReset);
}

TEST(Http2Attacks, ResetsOverTimeAreNoFlood_N2) {
  Victim victim;
  const auto half = Http2Limits{}.resets_per_second / 2;
  for (std::uint32_t second = 0; second < 5; ++second) {
    for (std::uint32_t i = 0; i < half; ++i) {
      const auto id = stream_of(second * half + i);
      ASSERT_TRUE(
          victim.feed(headers_frame(id, get_fields()) + http2_frame(3, 0, id, number32(8))));
      for (const Http2Event& event : events_of(victim.session))
        victim.session.release(event.stream);
    }
    victim.clock.advance(1s);
  }
  EXPECT_TRUE(victim.session.status());
}

TEST(Http2Attacks, StreamsNotReleasedAreBounded_N2) {
  Http2Limits limits;
  limits.resets_per_second = 100'000;
  Victim victim(limits);
  victim.repeat(
      [](std::uint32_t i) {
        return headers_frame(stream_of(i), get_fields()) +
               http2_frame(3, 0, stream_of(i), number32(8));
      },
      1000);
  EXPECT_TRUE(victim.session.status()) << victim.reason();
  EXPECT_EQ(victim.session.held_streams(), limits.max_held_streams);
}

TEST(Http2Attacks, MadeToReset_N2) {
  // CVE-2025-8671: every frame makes the server reset a stream by itself.
  const std::vector<std::function<std::string(std::uint32_t)>> ways = {
      [](std::uint32_t i) {  // a window over 2^31
        return headers_frame(stream_of(i), get_fields(), kEndHeadersFlag) +
               http2_frame(8, 0, stream_of(i), number32(0x7fffffff));
      },
      [](std::uint32_t i) {  // more than Content-Length
        Fields fields = get_fields();
        fields.emplace_back("content-length", "1");
        return headers_frame(stream_of(i), fields, kEndHeadersFlag) +
               http2_frame(0, 0, stream_of(i), "xx");
      },
      [](std::uint32_t i) {  // refused by us
        Fields fields = get_fields();
        fields.emplace_back("host", "b.example");
        return headers_frame(stream_of(i), fields);
      },
      [](std::uint32_t i) {  // refused by the library
        return headers_frame(stream_of(i), {{":method", "GET"}});
      },
      [](std::uint32_t i) {  // answered by us
        Fields fields = get_fields();
        fields.emplace_back("expect", "x");
        return headers_frame(stream_of(i), fields);
      },
  };
  for (std::size_t way = 0; way < ways.size(); ++way) {
    Victim victim;
    std::uint32_t passed = 0;
    for (; passed < 1000; ++passed) {
      if (!victim.feed(ways[way](passed))) break;
      victim.output += take_all(victim.session);
      for (const Http2Event& event : events_of(victim.session))
        victim.session.release(event.stream);
      if (!victim.session.status()) break;
    }
    EXPECT_LE(passed, Http2Limits{}.resets_per_second) << way;
    victim.expect_calmed(http2_reason::kRapidReset);
  }
}

TEST(Http2Attacks, ContinuationFlood_N2) {
  Victim victim;
  EXPECT_TRUE(victim.feed(headers_frame(1, get_fields(), kEndStreamFlag)));
  const auto passed = victim.repeat(
      [](std::uint32_t i) {
        return http2_frame(9, 0, 1, hpack_field("x-" + std::to_string(i), "v"));
      },
      100);
  EXPECT_EQ(passed, Http2Limits{}.max_continuations);
  victim.expect_calmed(http2_reason::kContinuationFlood);
}

TEST(Http2Attacks, ContinuationsInPiecesCountOnce) {
  Victim victim;
  std::string octets = headers_frame(1, get_fields(), kEndStreamFlag);
  for (std::uint32_t i = 1; i <= Http2Limits{}.max_continuations; ++i)
    octets += http2_frame(9, i == Http2Limits{}.max_continuations ? kEndHeadersFlag : 0, 1,
                          hpack_field("x-a", "v"));
  for (const char octet : octets) ASSERT_TRUE(victim.feed(std::string_view(&octet, 1)));
  EXPECT_NE(find_event(events_of(victim.session), Kind::Request), nullptr);
}

TEST(Http2Attacks, PingFlood_N2) {
  Victim victim;
  const auto ping = [](std::uint32_t) { return http2_frame(6, 0, 0, "12345678"); };
  EXPECT_EQ(victim.repeat(ping, 10'000), Http2Limits{}.pings_per_second);
  victim.expect_calmed(http2_reason::kPingFlood);
}

TEST(Http2Attacks, APingForEachAnswerIsNoFlood) {
  Victim victim;
  ASSERT_TRUE(
      victim.feed(headers_frame(1, get_fields()) + http2_frame(8, 0, 0, number32(1U << 20U))));
  ASSERT_TRUE(
      victim.session.submit_answer(1, response_head("HTTP/1.1 200 OK\r\n\r\n"), Http2End::Open));
  for (int i = 0; i < 2000; ++i) {
    ASSERT_TRUE(victim.session.send_data(1, bytes_of("data: x\n\n"), Http2End::Open));
    (void)take_all(victim.session);
    ASSERT_TRUE(victim.feed(http2_frame(6, 0, 0, "12345678"))) << i;
  }
}

TEST(Http2Attacks, SettingsFlood_N2) {
  Victim victim;
  const auto settings = [](std::uint32_t) { return http2_frame(4, 0, 0); };
  EXPECT_EQ(victim.repeat(settings, 10'000), Http2Limits{}.settings_per_second - 1);
  victim.expect_calmed(http2_reason::kSettingsFlood);
}

TEST(Http2Attacks, ManySettingsInOneFrame_N2) {
  Victim victim;
  std::string entries;
  for (int i = 0; i < 33; ++i) entries += std::string("\x00\x04\x00\x00\xff\xff", 6);
  (void)victim.feed(http2_frame(4, 0, 0, entries));
  EXPECT_EQ(victim.goaway(), kCalm);
  EXPECT_FALSE(victim.session.status());
}

TEST(Http2Attacks, EmptyFrames_N2) {
  const auto most = Http2Limits{}.empty_frames_per_second;
  {
    Victim victim;
    ASSERT_TRUE(victim.feed(headers_frame(1, get_fields(), kEndHeadersFlag)));
    const auto empty = [](std::uint32_t) { return http2_frame(0, 0, 1); };
    EXPECT_EQ(victim.repeat(empty, 10'000), most);
    victim.expect_calmed(http2_reason::kEmptyFrameFlood);
  }
  {
    Victim victim;
    ASSERT_TRUE(victim.feed(headers_frame(1, get_fields(), kEndHeadersFlag)));
    const auto padding = [](std::uint32_t) {
      return http2_frame(0, kPaddedFlag, 1, std::string(1, '\4') + std::string(4, '\0'));
    };
    EXPECT_EQ(victim.repeat(padding, 10'000), most);
    victim.expect_calmed(http2_reason::kEmptyFrameFlood);
  }
  {
    Victim victim;
    std::uint32_t passed = 0;
    while (passed < 1000 && victim.feed(http2_frame(1, kEndHeadersFlag, stream_of(passed))))
      ++passed;
    EXPECT_LE(passed, most);
    EXPECT_FALSE(victim.session.status());
    EXPECT_EQ(victim.goaway(), kCalm);
  }
}

TEST(Http2Attacks, ControlFrames_N2) {
  const std::vector<std::string> kinds = {
      http2_frame(8, 0, 0, number32(1)),             // WINDOW_UPDATE
      http2_frame(2, 0, 5, std::string(5, '\1')),    // PRIORITY
      http2_frame(6, kAckFlag, 0, "12345678"),       // PING acknowledged
      http2_frame(0x10, 0, 0, number32(1) + "u=1"),  // PRIORITY_UPDATE
      http2_frame(0xee, 0, 0, "?"),                  // unknown
  };
  for (const std::string& frame : kinds) {
    Victim victim;
    const auto same = [&frame](std::uint32_t) { return frame; };
    EXPECT_EQ(victim.repeat(same, 10'000), Http2Limits{}.control_frames_per_second);
    victim.expect_calmed(http2_reason::kControlFlood);
  }
}

TEST(Http2Attacks, APeerThatNeverReads_N1_N2) {
  Http2Limits limits;
  limits.pings_per_second = 1'000'000;
  Victim victim(limits);
  std::uint32_t passed = 0;
  while (passed < 100'000 && victim.feed(http2_frame(6, 0, 0, "12345678"))) ++passed;
  EXPECT_LE(passed, limits.max_queued_frames);
  EXPECT_EQ(victim.reason(), http2_reason::kOutputUnread);
  EXPECT_EQ(victim.goaway(), kCalm);
}

TEST(Http2Attacks, HpackBomb_N2) {
  Victim victim;
  // One field of 4,000 octets into the table, then a reference of one octet, many times.
  std::string block = hpack_block(get_fields());
  block += std::string(1, '\x40') + hpack_text("x-a") + hpack_text(std::string(3900, 'a'));
  for (int i = 0; i < 1000; ++i) block += hpack_number(62, 7, 0x80);
  EXPECT_FALSE(victim.feed(http2_frame(1, kEndHeadersFlag | kEndStreamFlag, 1, block)));
  victim.expect_calmed(http2_reason::kHeaderList);
}

TEST(Http2Attacks, HeadersOfManyStreamsAreBounded_N2) {
  Victim victim;
  std::string first = hpack_block(get_fields());
  first += std::string(1, '\x40') + hpack_text("x-a") + hpack_text(std::string(3900, 'a'));
  ASSERT_TRUE(victim.feed(http2_frame(1, kEndHeadersFlag, 1, first)));
  std::size_t text = 0;
  for (std::uint32_t i = 1; i < 128; ++i) {
    std::string block = hpack_block(get_fields());
    for (int j = 0; j < 8; ++j) block += hpack_number(62, 7, 0x80);
    if (!victim.feed(http2_frame(1, kEndHeadersFlag, stream_of(i), block))) break;
  }
  for (const Http2Event& event : events_of(victim.session)) text += event.text.size();
  EXPECT_LE(text, Http2Limits{}.max_held_heads + kMaxHead);
  EXPECT_GT(text, Http2Limits{}.max_held_heads / 2);
}

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

TEST(Http2Attacks, StreamsOverTheLimitAreRefusedOneByOne_N2) {
  Victim victim;
  const std::string ack = http2_frame(4, kAckFlag, 0);
  std::string octets;
  for (std::uint32_t i = 0; i < 129; ++i)
    octets += headers_frame(stream_of(i), get_fields(), kEndHeadersFlag);
  (void)take_all(victim.session);
  ASSERT_TRUE(victim.feed(octets));
  const auto frames = frames_of(take_all(victim.session));
  EXPECT_EQ(std::ranges::count(frames, 3, &ReceivedFrame::type), 1);
  EXPECT_EQ(victim.session.held_streams(), 128U);
  EXPECT_TRUE(victim.session.status());
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

// A provider may be careless or worse, too.

struct HostileProvider {
  HostileProvider() : session(Http2Role::Client, clock) {
    const auto opened = session.submit_request(request_head("GET / HTTP/1.1\r\nHost: a\r\n\r\n"),
                                               Http2Scheme::Https, Http2End::Ends);
    EXPECT_TRUE(opened);
    (void)take_all(session);
    EXPECT_TRUE(feed(http2_frame(4, 0, 0)));
  }
  bool feed(std::string_view octets) { return session.feed(bytes_of(octets)).has_value(); }
  ManualClock clock;
  Http2Session session;
};

TEST(Http2Attacks, InformationalFlood_N2) {
  HostileProvider provider;
  std::uint32_t passed = 0;
  while (passed < 1000 && provider.feed(headers_frame(1, {{":status", "103"}}, kEndHeadersFlag)))
    ++passed;
  EXPECT_EQ(passed, Http2Limits{}.max_informational);
  EXPECT_EQ(provider.session.status().error().reason, http2_reason::kInformationalFlood);
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
