// Floods, by frames written by hand (threats.md N1, N2): each limit of limits.h holds, says
// its own reason, and lets pass what clients really do. SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <string>
#include <vector>

#include "http/http2/victim_for_test.h"
#include "http/http2/watch.h"

namespace strongroom::http {
namespace {

using Kind = Http2EventKind;
using namespace std::chrono_literals;

TEST(SecondMeter, SlidesOverTheSecond) {
  ManualClock clock;
  SecondMeter meter;
  EXPECT_EQ(meter.add(clock.steady()), 1U);
  clock.advance(900ms);
  for (std::uint32_t i = 2; i <= 10; ++i) EXPECT_EQ(meter.add(clock.steady()), i);
  clock.advance(200ms);
  EXPECT_EQ(meter.add(clock.steady()), 10U) << "nine tenths of the ten before, and this one";
  clock.advance(800ms);
  EXPECT_EQ(meter.add(clock.steady()), 3U);
  clock.advance(5s);
  EXPECT_EQ(meter.add(clock.steady()), 1U);
}

TEST(Http2Floods, RapidReset_N2) {
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

TEST(Http2Floods, ResetsOverTimeAreNoFlood_N2) {
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

TEST(Http2Floods, StreamsNotReleasedAreBounded_N2) {
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

TEST(Http2Floods, MadeToReset_N2) {
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

TEST(Http2Floods, AnAgentResetsWhatWasAnsweredEarly_N2) {
  Victim victim;
  const auto refusal = response_head("HTTP/1.1 429 Slow Down\r\nContent-Length: 0\r\n\r\n");
  for (std::uint32_t i = 0; i < 1000; ++i) {
    const auto id = stream_of(i);
    ASSERT_TRUE(victim.feed(headers_frame(id, get_fields(), kEndHeadersFlag))) << i;
    (void)events_of(victim.session);
    const auto stream = static_cast<Http2StreamId>(id);
    ASSERT_TRUE(victim.session.submit_answer(stream, refusal, Http2End::Ends));
    (void)take_all(victim.session);
    ASSERT_TRUE(victim.feed(http2_frame(3, 0, id, number32(0)))) << i << ' ' << victim.reason();
    victim.session.release(stream);
  }
}

TEST(Http2Floods, AProviderResetsEachStreamThatItAnswersEarly_N2) {
  HostileProvider provider;
  const auto post = request_head("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 200\r\n\r\n");
  for (std::uint32_t i = 0; i < 1000; ++i) {
    const auto stream = provider.session.submit_request(post, Http2Scheme::Https, Http2End::Open);
    ASSERT_TRUE(stream) << i;
    (void)take_all(provider.session);
    const auto id = static_cast<std::uint32_t>(*stream);
    const std::string answer =
        headers_frame(id, {{":status", "401"}}) + http2_frame(3, 0, id, number32(0));
    ASSERT_TRUE(provider.feed(answer)) << i << ' ' << provider.session.status().error().reason;
    EXPECT_NE(find_event(events_of(provider.session), Kind::Answer), nullptr);
    provider.session.release(*stream);
  }
}

/// Each frame that was on its way when it answered, as Go does, or each piece of one, as HAProxy.
TEST(Http2Floods, AProviderResetsForEachPieceOfARequest_N2) {
  HostileProvider provider;
  const auto post = request_head("POST / HTTP/1.1\r\nHost: a\r\n\r\n");
  const ByteVector piece(100);
  for (std::uint32_t i = 0; i < 200; ++i) {
    const auto stream = provider.session.submit_request(post, Http2Scheme::Https, Http2End::Open);
    ASSERT_TRUE(stream) << i;
    const auto id = static_cast<std::uint32_t>(*stream);
    std::string answer = headers_frame(id, {{":status", "413"}});
    answer += http2_frame(3, 0, id, number32(0));
    for (int frame = 0; frame < 3; ++frame) {
      EXPECT_TRUE(provider.session.send_data(*stream, piece, Http2End::Open));
      (void)take_all(provider.session);
      for (int read = 0; read < 2; ++read) answer += http2_frame(3, 0, id, number32(5));
    }
    ASSERT_TRUE(provider.feed(answer)) << i << ' ' << provider.session.status().error().reason;
    EXPECT_NE(find_event(events_of(provider.session), Kind::Answer), nullptr);
    provider.session.release(*stream);
  }
}

TEST(Http2Floods, AProviderResetsWhatIsOver_N2) {
  HostileProvider provider;
  std::uint32_t passed = 0;
  while (passed < 2000 && provider.feed(http2_frame(3, 0, 1, number32(8)))) ++passed;
  EXPECT_EQ(passed, Http2Limits{}.control_frames_per_second + 2) << "with those for its request";
  EXPECT_EQ(provider.session.status().error().reason, http2_reason::kControlFlood);
}

TEST(Http2Floods, ContinuationFlood_N2) {
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

TEST(Http2Floods, ContinuationsInPiecesCountOnce) {
  Victim victim;
  std::string octets = headers_frame(1, get_fields(), kEndStreamFlag);
  for (std::uint32_t i = 1; i <= Http2Limits{}.max_continuations; ++i)
    octets += http2_frame(9, i == Http2Limits{}.max_continuations ? kEndHeadersFlag : 0, 1,
                          hpack_field("x-a", "v"));
  for (const char octet : octets) ASSERT_TRUE(victim.feed(std::string_view(&octet, 1)));
  EXPECT_NE(find_event(events_of(victim.session), Kind::Request), nullptr);
}

TEST(Http2Floods, PingFlood_N2) {
  Victim victim;
  const auto ping = [](std::uint32_t) { return http2_frame(6, 0, 0, "12345678"); };
  EXPECT_EQ(victim.repeat(ping, 10'000), Http2Limits{}.pings_per_second);
  victim.expect_calmed(http2_reason::kPingFlood);
}

TEST(Http2Floods, APingForEachAnswerIsNoFlood) {
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

TEST(Http2Floods, SettingsFlood_N2) {
  Victim victim;
  const auto settings = [](std::uint32_t) { return http2_frame(4, 0, 0); };
  EXPECT_EQ(victim.repeat(settings, 10'000), Http2Limits{}.settings_per_second - 1);
  victim.expect_calmed(http2_reason::kSettingsFlood);
}

TEST(Http2Floods, ManySettingsInOneFrame_N2) {
  Victim victim;
  std::string entries;
  for (int i = 0; i < 33; ++i) entries += std::string("\x00\x04\x00\x00\xff\xff", 6);
  EXPECT_FALSE(victim.feed(http2_frame(4, 0, 0, entries)));
  victim.expect_calmed(http2_reason::kSettingsFlood);
}

TEST(Http2Floods, EmptyFrames_N2) {
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

TEST(Http2Floods, ControlFrames_N2) {
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

TEST(Http2Floods, WindowsOpenedForSmallMessagesAreNoFlood_N2) {
  Victim victim;
  ASSERT_TRUE(victim.feed(headers_frame(1, get_fields())));
  constexpr std::string_view kOk = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
  ASSERT_TRUE(victim.session.submit_answer(1, response_head(kOk), Http2End::Open));
  for (std::uint32_t i = 0; i < 5000; ++i) {
    ASSERT_TRUE(victim.session.send_data(1, bytes_of(std::string_view("small")), Http2End::Open));
    victim.output += take_all(victim.session);
    const std::string windows =
        http2_frame(8, 0, 0, number32(5)) + http2_frame(8, 0, 1, number32(5));
    ASSERT_TRUE(victim.feed(windows)) << i << ' ' << victim.reason();
  }
}

TEST(Http2Floods, APeerThatNeverReads_N1_N2) {
  Http2Limits limits;
  limits.pings_per_second = 1'000'000;
  Victim victim(limits);
  std::uint32_t passed = 0;
  while (passed < 100'000 && victim.feed(http2_frame(6, 0, 0, "12345678"))) ++passed;
  EXPECT_LE(passed, limits.max_queued_frames);
  EXPECT_EQ(victim.reason(), http2_reason::kOutputUnread);
  EXPECT_EQ(victim.goaway(), kCalm);
}

TEST(Http2Floods, HpackBomb_N2) {
  Victim victim;
  // One field of 4,000 octets into the table, then a reference of one octet, many times.
  std::string block = hpack_block(get_fields());
  block += std::string(1, '\x40') + hpack_text("x-a") + hpack_text(std::string(3900, 'a'));
  for (int i = 0; i < 1000; ++i) block += hpack_number(62, 7, 0x80);
  EXPECT_FALSE(victim.feed(http2_frame(1, kEndHeadersFlag | kEndStreamFlag, 1, block)));
  victim.expect_calmed(http2_reason::kHeaderList);
}

TEST(Http2Floods, HeadersOfManyStreamsAreBounded_N2) {
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

TEST(Http2Floods, StreamsOverTheLimitAreRefusedOneByOne_N2) {
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

TEST(Http2Floods, InformationalFlood_N2) {
  HostileProvider provider;
  std::uint32_t passed = 0;
  while (passed < 1000 && provider.feed(headers_frame(1, {{":status", "103"}}, kEndHeadersFlag)))
    ++passed;
  EXPECT_EQ(passed, Http2Limits{}.max_informational);
  EXPECT_EQ(provider.session.status().error().reason, http2_reason::kInformationalFlood);
}

}  // namespace
}  // namespace strongroom::http
