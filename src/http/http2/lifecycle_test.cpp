// Two sessions back to back: how streams and connections end. SPDX-License-Identifier: Apache-2.0
#include "http/http2/session.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "http/http2/exchange_for_test.h"

namespace strongroom::http {
namespace {

using Kind = Http2EventKind;

TEST(Http2Lifecycle, ResetsReachTheOtherSide) {
  Http2Pair pair;
  const auto by_client = pair.open(kPost, Http2End::Open);
  const auto by_server = pair.open(kPost, Http2End::Open);
  pair.run();
  send(pair.client, by_client, "unread");
  pair.run();
  pair.client.reset(by_client, Http2Code::Cancel);
  pair.server.reset(by_server, Http2Code::EnhanceYourCalm);
  pair.run();
  const auto code = [](const Http2Event* event) { return event == nullptr ? 999 : event->code; };
  EXPECT_EQ(code(find_event(pair.at_server, Kind::Closed, by_client)), 8U);
  EXPECT_EQ(code(find_event(pair.at_client, Kind::Closed, by_client)), 8U);
  EXPECT_EQ(code(find_event(pair.at_server, Kind::Closed, by_server)), 11U);
  EXPECT_EQ(code(find_event(pair.at_client, Kind::Closed, by_server)), 11U);
  EXPECT_FALSE(pair.server.has_ended(by_client));
  EXPECT_EQ(text_of(pair.server.readable(by_client)), "unread");
  EXPECT_FALSE(pair.client.send_data(by_client, bytes_of("x"), Http2End::Open));
  pair.server.release(by_client);
  EXPECT_TRUE(pair.server.readable(by_client).empty());
  EXPECT_TRUE(pair.server.status());
}

TEST(Http2Lifecycle, AnUnsentRequestIsTakenBack) {
  Http2Pair pair;
  pair.run();
  const auto id = pair.open(kGet, Http2End::Ends);
  pair.client.reset(id, Http2Code::Cancel);
  const std::string octets = take_all(pair.client);
  for (const ReceivedFrame& frame : frames_of(octets)) EXPECT_NE(frame.type, 1) << "HEADERS";
  ASSERT_TRUE(pair.server.feed(bytes_of(octets)));
  pair.run();
  EXPECT_TRUE(pair.at_server.empty());
  EXPECT_NE(find_event(pair.at_client, Kind::Closed, id), nullptr);
}

TEST(Http2Lifecycle, AnEarlyAnswerEndsTheUpload) {
  Http2Pair pair;
  const auto id = pair.open(kPost, Http2End::Open);
  send(pair.client, id, "part");
  pair.run();
  ASSERT_TRUE(pair.server.submit_answer(
      id, response_head("HTTP/1.1 413 Content Too Large\r\nContent-Length: 3\r\n\r\n"),
      Http2End::Open));
  send(pair.server, id, "big", Http2End::Ends);
  pair.server.release(id);
  pair.run();
  EXPECT_NE(find_event(pair.at_client, Kind::Answer), nullptr);
  EXPECT_EQ(read_all(pair.client, id), "big");
  EXPECT_TRUE(pair.client.has_ended(id));
  EXPECT_EQ(find_event(pair.at_client, Kind::Closed)->code, 0U);
  EXPECT_EQ(pair.server.held_streams(), 0U);
}

TEST(Http2Lifecycle, WhatComesBehindAnEarlyAnswerIsTakenInUntilTheRelease) {
  Http2Pair pair;
  const auto id = pair.open(kPost, Http2End::Open);
  pair.run();
  const auto answer = response_head("HTTP/1.1 413 Content Too Large\r\nContent-Length: 0\r\n\r\n");
  ASSERT_TRUE(pair.server.submit_answer(id, answer, Http2End::Ends));
  EXPECT_TRUE(pair.server.has_answer_to_go(id));
  pair.run();
  EXPECT_FALSE(pair.server.has_answer_to_go(id));
  EXPECT_NE(find_event(pair.at_server, Kind::Writable, id), nullptr);
  EXPECT_EQ(find_event(pair.at_client, Kind::Closed, id), nullptr);
  send(pair.client, id, "what is on its way");
  pair.run();
  EXPECT_EQ(read_all(pair.server, id), "what is on its way");
  pair.server.release(id);
  pair.run();
  EXPECT_EQ(find_event(pair.at_client, Kind::Closed, id)->code, 0U);
  EXPECT_EQ(pair.server.held_streams(), 0U);
}

TEST(Http2Lifecycle, ReleaseOfAnUnansweredStreamCancelsIt) {
  Http2Pair pair;
  const auto id = pair.open(kGet, Http2End::Ends);
  pair.run();
  pair.server.release(id);
  pair.run();
  EXPECT_EQ(find_event(pair.at_client, Kind::Closed, id)->code, 8U);
  EXPECT_EQ(pair.server.held_streams(), 0U);
  EXPECT_EQ(find_event(pair.at_server, Kind::Closed, id), nullptr);
}

TEST(Http2Lifecycle, CallsAtTheWrongPointChangeNothing) {
  Http2Pair pair;
  const auto id = pair.open(kGet, Http2End::Ends);
  EXPECT_EQ(pair.client.send_data(id, bytes_of("x"), Http2End::Open).error().code, Code::Conflict);
  EXPECT_EQ(pair.client.send_data(99, bytes_of("x"), Http2End::Open).error().code, Code::NotFound);
  EXPECT_EQ(pair.client.submit_answer(id, response_head(kOk), Http2End::Ends).error().code,
            Code::Conflict);
  pair.run();
  EXPECT_EQ(pair.server.send_data(id, bytes_of("x"), Http2End::Open).error().code, Code::Conflict);
  EXPECT_EQ(pair.server.submit_trailers(id, {}).error().code, Code::Conflict);
  EXPECT_EQ(pair.server.submit_request(request_head(kGet), Http2Scheme::Https, Http2End::Ends)
                .error()
                .code,
            Code::Unavailable);
  ASSERT_TRUE(pair.server.submit_answer(id, response_head(kOk), Http2End::Open));
  EXPECT_EQ(pair.server.submit_answer(id, response_head(kOk), Http2End::Open).error().code,
            Code::Conflict);
  pair.server.consume(99, 5);
  pair.server.release(99);
  pair.server.reset(99, Http2Code::Cancel);
  send(pair.server, id, "done", Http2End::Ends);
  pair.run();
  EXPECT_EQ(read_all(pair.client, id), "done");
  EXPECT_TRUE(pair.client.status());
  EXPECT_TRUE(pair.server.status());
}

TEST(Http2Lifecycle, ShutdownLetsOpenStreamsFinish) {
  Http2Pair pair;
  const auto id = pair.open(kGet, Http2End::Ends);
  pair.run();
  pair.server.shutdown();
  pair.run();
  EXPECT_NE(find_event(pair.at_client, Kind::GoAway), nullptr);
  EXPECT_EQ(find_event(pair.at_client, Kind::GoAway)->code, 0U);
  EXPECT_FALSE(pair.client.may_open());
  EXPECT_FALSE(pair.server.is_finished());
  ASSERT_TRUE(pair.server.submit_answer(id, response_head(kOk), Http2End::Open));
  send(pair.server, id, "still here", Http2End::Ends);
  pair.run();
  EXPECT_EQ(read_all(pair.client, id), "still here");
  EXPECT_TRUE(pair.client.has_ended(id));
  EXPECT_TRUE(pair.server.is_finished());
  EXPECT_TRUE(pair.client.is_finished());
  EXPECT_TRUE(pair.server.status());
}

TEST(Http2Lifecycle, ARequestThatCrossesTheAnnouncementIsServed) {
  Http2Pair pair;
  pair.run();
  const auto id = pair.open(kGet, Http2End::Ends);
  pair.server.shutdown();
  pair.run();
  EXPECT_NE(find_event(pair.at_server, Kind::Request, id), nullptr);
  EXPECT_EQ(find_event(pair.at_client, Kind::Closed), nullptr);
}

TEST(Http2Lifecycle, RequestsThePeerHasNotSeenAreClosedAsRefused) {
  Http2Pair pair;
  pair.run();
  pair.server.shutdown();
  pair.server.shutdown();  // at once
  const auto id = pair.open(kGet, Http2End::Ends);
  (void)take_all(pair.client);
  ASSERT_TRUE(pair.client.feed(bytes_of(take_all(pair.server))));
  const auto events = events_of(pair.client);
  ASSERT_NE(find_event(events, Kind::Closed, id), nullptr);
  EXPECT_EQ(find_event(events, Kind::Closed, id)->code, 7U);
}

TEST(Http2Lifecycle, AClientsShutdown) {
  Http2Pair pair;
  const auto id = pair.open(kGet, Http2End::Ends);
  pair.run();
  pair.client.shutdown();
  EXPECT_FALSE(pair.client.may_open());
  pair.run();
  ASSERT_TRUE(pair.server.submit_answer(id, response_head(kOk), Http2End::Open));
  send(pair.server, id, "x", Http2End::Ends);
  pair.run();
  EXPECT_TRUE(pair.client.has_ended(id));
  EXPECT_TRUE(pair.client.is_finished());
}

TEST(Http2Lifecycle, TheServersSettingsAreKnownOnceTheyHaveCome) {
  Http2Limits few;
  few.max_concurrent_streams = 2;
  Http2Pair pair(few);
  EXPECT_FALSE(pair.client.has_settings());
  EXPECT_GT(pair.client.room(), 2U);
  pair.run();
  EXPECT_TRUE(pair.client.has_settings());
  EXPECT_EQ(pair.client.room(), 2U);
}

TEST(Http2Lifecycle, PingIsAnswered) {
  Http2Pair pair;
  pair.client.ping();
  pair.client.ping();
  pair.run();
  EXPECT_EQ(std::ranges::count(pair.at_client, Kind::Pong, &Http2Event::kind), 1);
  pair.server.ping();
  pair.run();
  EXPECT_NE(find_event(pair.at_server, Kind::Pong), nullptr);
}

TEST(Http2Lifecycle, WhatHadNotLeftWhenTheConnectionWasLostIsKnown) {
  Http2Pair pair;
  const auto gone = pair.open(kPost, Http2End::Open);
  pair.run();
  const auto waiting = pair.open(kPost, Http2End::Open);
  EXPECT_TRUE(pair.client.has_left(gone));
  EXPECT_FALSE(pair.client.has_left(waiting));
  pair.client.lose_connection();
  EXPECT_TRUE(pair.client.has_left(gone));
  EXPECT_FALSE(pair.client.has_left(waiting));
}

TEST(Http2Lifecycle, ALostConnectionClosesEveryStream) {
  Http2Pair pair;
  const auto one = pair.open(kGet, Http2End::Ends);
  const auto two = pair.open(kPost, Http2End::Open);
  pair.run();
  pair.server.lose_connection();
  const auto events = events_of(pair.server);
  EXPECT_NE(find_event(events, Kind::Closed, one), nullptr);
  EXPECT_NE(find_event(events, Kind::Closed, two), nullptr);
  EXPECT_FALSE(pair.server.wants_output());
  EXPECT_TRUE(pair.server.is_finished());
  EXPECT_FALSE(pair.server.feed(bytes_of("x")));
}

TEST(Http2Lifecycle, NoMoreRequestsThanThePeerTakes) {
  Http2Limits few;
  few.max_concurrent_streams = 2;
  Http2Pair pair(few);
  pair.run();
  const auto one = pair.open(kGet, Http2End::Ends);
  (void)pair.open(kGet, Http2End::Ends);
  EXPECT_FALSE(pair.client.may_open());
  const auto third =
      pair.client.submit_request(request_head(kGet), Http2Scheme::Https, Http2End::Ends);
  ASSERT_FALSE(third);
  EXPECT_EQ(third.error().code, Code::Unavailable);
  pair.run();
  ASSERT_TRUE(
      pair.server.submit_answer(one, response_head("HTTP/1.1 204 N\r\n\r\n"), Http2End::Ends));
  pair.run();
  EXPECT_TRUE(pair.client.may_open());
}

}  // namespace
}  // namespace strongroom::http
