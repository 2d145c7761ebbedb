// Two sessions back to back: what HTTP/2 must carry. SPDX-License-Identifier: Apache-2.0
#include "http/http2/session.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <string>
#include <vector>

#include "http/http2/exchange_for_test.h"

namespace strongroom::http {
namespace {

using Kind = Http2EventKind;

TEST(Http2Session, Unary) {
  Http2Pair pair;
  const auto id = pair.open(kGet, Http2End::Ends);
  pair.run();
  ASSERT_EQ(pair.at_server.size(), 2U);
  EXPECT_EQ(pair.at_server[0].kind, Kind::Request);
  EXPECT_EQ(pair.at_server[0].text, "GET /v1/models?a=b HTTP/1.1\r\nhost: a.example\r\n\r\n");
  EXPECT_EQ(pair.at_server[0].scheme, Http2Scheme::Https);
  EXPECT_EQ(pair.at_server[1].kind, Kind::End);
  ASSERT_TRUE(pair.server.submit_answer(
      id, response_head("HTTP/1.1 200 OK\r\nContent-Length: 5\r\nX-Y: z\r\n\r\n"), Http2End::Open));
  EXPECT_EQ(send(pair.server, id, "hello", Http2End::Ends), 5U);
  pair.run();
  ASSERT_EQ(pair.at_client.size(), 4U);
  EXPECT_EQ(pair.at_client[0].kind, Kind::Answer);
  EXPECT_EQ(pair.at_client[0].text, "HTTP/1.1 200 OK\r\ncontent-length: 5\r\nx-y: z\r\n\r\n");
  EXPECT_EQ(pair.at_client[1].kind, Kind::Data);
  EXPECT_EQ(pair.at_client[2].kind, Kind::End);
  EXPECT_EQ(pair.at_client[3].kind, Kind::Closed);
  EXPECT_EQ(pair.at_client[3].code, 0U);
  EXPECT_EQ(read_all(pair.client, id), "hello");
  EXPECT_TRUE(pair.client.has_ended(id));
  EXPECT_NE(find_event(pair.at_server, Kind::Closed, id), nullptr);
  pair.client.release(id);
  pair.server.release(id);
  EXPECT_EQ(pair.client.held_streams(), 0U);
  EXPECT_EQ(pair.server.held_streams(), 0U);
}

TEST(Http2Session, HeadsHaveTheirBodysFraming) {
  struct Case {
    std::string_view head;
    Http2End end;
    std::string_view answer;
    Http2End answer_end;
    std::string_view request_text_ends;
    std::string_view answer_text;
  };
  const std::vector<Case> cases = {
      {"POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\n", Http2End::Open,
       "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", Http2End::Ends,
       "\r\ncontent-length: 3\r\n\r\n", "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n"},
      {"POST /a HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n", Http2End::Open,
       "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", Http2End::Open,
       "\r\ntransfer-encoding: chunked\r\n\r\n",
       "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n"},
      {"POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n", Http2End::Ends,
       "HTTP/1.1 204 No Content\r\n\r\n", Http2End::Ends, "\r\ncontent-length: 0\r\n\r\n",
       "HTTP/1.1 204 No Content\r\n\r\n"},
      {"HEAD /a HTTP/1.1\r\nHost: a\r\n\r\n", Http2End::Ends,
       "HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n", Http2End::Ends, "host: a\r\n\r\n",
       "HTTP/1.1 200 OK\r\ncontent-length: 99\r\n\r\n"},
      {"GET /a HTTP/1.1\r\nHost: a\r\n\r\n", Http2End::Ends,
       "HTTP/1.1 304 Not Modified\r\nContent-Length: 99\r\n\r\n", Http2End::Ends, "host: a\r\n\r\n",
       "HTTP/1.1 304 Not Modified\r\ncontent-length: 99\r\n\r\n"},
      {"GET /a HTTP/1.1\r\nHost: a\r\n\r\n", Http2End::Ends, "HTTP/1.1 200 OK\r\n\r\n",
       Http2End::Ends, "host: a\r\n\r\n", "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n"},
      {"GET /a HTTP/1.1\r\nHost: a\r\n\r\n", Http2End::Ends,
       "HTTP/1.1 200 OK\r\nConnection: close, x-hop\r\nX-Hop: 1\r\nKeep-Alive: 5\r\nA: b\r\n\r\n",
       Http2End::Ends, "host: a\r\n\r\n", "HTTP/1.1 200 OK\r\na: b\r\ncontent-length: 0\r\n\r\n"},
      {"OPTIONS * HTTP/1.1\r\nHost: a:8443\r\nTE: trailers\r\nCookie: a=b; c=d\r\n\r\n",
       Http2End::Ends, "HTTP/1.1 418 Whatever\r\n\r\n", Http2End::Ends,
       "host: a:8443\r\nte: trailers\r\ncookie: a=b; c=d\r\n\r\n",
       "HTTP/1.1 418 \r\ncontent-length: 0\r\n\r\n"},
  };
  for (const Case& each : cases) {
    Http2Pair pair;
    const auto id = pair.open(each.head, each.end);
    pair.run();
    const auto* request = find_event(pair.at_server, Kind::Request);
    ASSERT_NE(request, nullptr) << each.head;
    EXPECT_TRUE(request->text.ends_with(each.request_text_ends)) << request->text;
    ASSERT_TRUE(pair.server.submit_answer(id, response_head(each.answer), each.answer_end));
    pair.run();
    const auto* answer = find_event(pair.at_client, Kind::Answer);
    ASSERT_NE(answer, nullptr) << each.head;
    EXPECT_EQ(answer->text, each.answer_text);
  }
}

TEST(Http2Session, StreamsBothWaysWithTrailers_O5) {
  Http2Pair pair;
  const auto id = pair.open(
      "POST /chat.Chat/Talk HTTP/1.1\r\nHost: a.example\r\nContent-Type: application/grpc\r\n"
      "TE: trailers\r\nTransfer-Encoding: chunked\r\n\r\n",
      Http2End::Open);
  pair.run();
  ASSERT_TRUE(pair.server.submit_answer(id, response_head(kOk), Http2End::Open));
  for (int turn = 0; turn < 5; ++turn) {
    const std::string text = "message " + std::to_string(turn);
    EXPECT_EQ(send(pair.client, id, text), text.size());
    pair.run();
    EXPECT_EQ(read_all(pair.server, id), text);
    EXPECT_EQ(send(pair.server, id, "answer to " + text), text.size() + 10);
    pair.run();
    EXPECT_EQ(read_all(pair.client, id), "answer to " + text);
  }
  send(pair.client, id, {}, Http2End::Ends);
  pair.run();
  send(pair.server, id, "last");
  const std::vector<Header> trailers = {{"grpc-status", "0", Name::Other},
                                        {"Grpc-Message", "", Name::Other}};
  ASSERT_TRUE(pair.server.submit_trailers(id, trailers));
  pair.run();
  EXPECT_TRUE(pair.server.has_ended(id));
  EXPECT_TRUE(pair.client.has_ended(id));
  EXPECT_EQ(read_all(pair.client, id), "last");
  const auto* received = find_event(pair.at_client, Kind::Trailers);
  ASSERT_NE(received, nullptr);
  EXPECT_EQ(received->text, "grpc-status: 0\r\ngrpc-message: \r\n");
  Headers read;
  ASSERT_TRUE(read_trailers(received->text, read));
  ASSERT_EQ(read.size(), 2U);
  EXPECT_EQ(read.begin()->value, "0");
  EXPECT_EQ(find_event(pair.at_client, Kind::Closed)->code, 0U);
}

TEST(Http2Session, TrailersOfARequest) {
  Http2Pair pair;
  const auto id = pair.open(kPost, Http2End::Open);
  send(pair.client, id, "body");
  const std::vector<Header> trailers = {{"x-checksum", "1", Name::Other}};
  ASSERT_TRUE(pair.client.submit_trailers(id, trailers));
  pair.run();
  EXPECT_EQ(read_all(pair.server, id), "body");
  EXPECT_EQ(find_event(pair.at_server, Kind::Trailers)->text, "x-checksum: 1\r\n");
  EXPECT_TRUE(pair.server.has_ended(id));
  const std::vector<Header> refused = {{"content-length", "1", Name::ContentLength}};
  const auto other = pair.open(kPost, Http2End::Open);
  EXPECT_FALSE(pair.client.submit_trailers(other, refused));
}

TEST(Http2Session, InformationalHeads_F6) {
  Http2Pair pair;
  const auto id =
      pair.open("POST /a HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n",
                Http2End::Open);
  pair.run();
  EXPECT_TRUE(request_head(pair.at_server[0].text).expects_continue);
  ASSERT_TRUE(pair.server.submit_informational(id, response_head("HTTP/1.1 100 Continue\r\n\r\n")));
  pair.run();
  const auto* informational = find_event(pair.at_client, Kind::Informational);
  ASSERT_NE(informational, nullptr);
  EXPECT_EQ(informational->text, "HTTP/1.1 100 Continue\r\n\r\n");
  send(pair.client, id, "ok", Http2End::Ends);
  ASSERT_TRUE(pair.server.submit_informational(
      id, response_head("HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n")));
  ASSERT_TRUE(pair.server.submit_answer(id, response_head(kOk), Http2End::Open));
  EXPECT_FALSE(pair.server.submit_informational(id, response_head("HTTP/1.1 103 E\r\n\r\n")));
  pair.run();
  EXPECT_NE(find_event(pair.at_client, Kind::Answer), nullptr);
  ResponseHead switching = response_head("HTTP/1.1 101 Switching Protocols\r\n\r\n");
  const auto other = pair.open(kGet, Http2End::Ends);
  pair.run();
  EXPECT_FALSE(pair.server.submit_informational(other, switching));
}

TEST(Http2Session, BodiesMustHaveTheirLength_D4) {
  Http2Pair pair;
  constexpr std::string_view kFive = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n";
  const auto over = pair.open(kFive, Http2End::Open);
  EXPECT_FALSE(pair.client.send_data(over, bytes_of("123456"), Http2End::Ends));
  const auto under = pair.open(kFive, Http2End::Open);
  EXPECT_FALSE(pair.client.send_data(under, bytes_of("1234"), Http2End::Ends));
  const auto late = pair.open(kFive, Http2End::Open);
  EXPECT_TRUE(pair.client.send_data(late, bytes_of("1234"), Http2End::Open));
  EXPECT_FALSE(pair.client.submit_trailers(late, {}));
  const auto right = pair.open(kFive, Http2End::Open);
  EXPECT_TRUE(pair.client.send_data(right, bytes_of("123"), Http2End::Open));
  EXPECT_TRUE(pair.client.send_data(right, bytes_of("45"), Http2End::Ends));
  EXPECT_FALSE(pair.client.submit_request(request_head(kFive), Http2Scheme::Https, Http2End::Ends));
  pair.run();
  EXPECT_FALSE(pair.server.has_ended(over));
  EXPECT_FALSE(pair.server.has_ended(under));
  EXPECT_FALSE(pair.server.has_ended(late));
  EXPECT_TRUE(pair.server.has_ended(right));
}

TEST(Http2Session, RefusesToSendWhatHttp2DoesNotCarry) {
  Http2Pair pair;
  for (const std::string_view text :
       {"CONNECT a:443 HTTP/1.1\r\nHost: a:443\r\n\r\n",
        "GET http://a/ HTTP/1.1\r\nHost: a\r\n\r\n", "GET / HTTP/1.0\r\n\r\n"}) {
    const auto id =
        pair.client.submit_request(request_head(text), Http2Scheme::Https, Http2End::Ends);
    ASSERT_FALSE(id) << text;
    EXPECT_EQ(id.error().code, Code::Invalid);
  }
  RequestHead forged = request_head(kGet);
  forged.headers.push("x-a", "b\r\nx-c: d", Name::Other);
  EXPECT_FALSE(pair.client.submit_request(forged, Http2Scheme::Https, Http2End::Ends));
  pair.run();
  EXPECT_TRUE(pair.at_server.empty());
}

TEST(Http2Session, ManyStreamsTakeTurns) {
  Http2Pair pair;
  const std::string large(60000, 'x');
  std::vector<Http2StreamId> ids;
  for (int i = 0; i < 3; ++i) ids.push_back(pair.open(kGet, Http2End::Ends));
  pair.run();
  for (const auto id : ids) {
    ASSERT_TRUE(pair.server.submit_answer(id, response_head(kOk), Http2End::Open));
    send(pair.server, id, large, Http2End::Ends);
  }
  std::vector<std::uint32_t> order;
  for (const ReceivedFrame& frame : frames_of(take_all(pair.server)))
    if (frame.type == 0) order.push_back(frame.stream);
  ASSERT_GE(order.size(), 6U);
  EXPECT_EQ((std::set<std::uint32_t>(order.begin(), order.begin() + 3).size()), 3U)
      << "each has its turn before any has its second";
}

TEST(Http2Session, OutputInAnyPieces) {
  for (const std::size_t piece : {1U, 7U, 100U, 65536U}) {
    Http2Pair pair;
    const auto id = pair.open(kPost, Http2End::Open);
    const std::string body(40000, 'b');
    send(pair.client, id, body, Http2End::Ends);
    std::string octets = take_all(pair.client, piece);
    for (std::size_t at = 0; at < octets.size(); at += piece)
      ASSERT_TRUE(pair.server.feed(bytes_of(std::string_view(octets).substr(at, piece))));
    EXPECT_EQ(read_all(pair.server, id), body) << piece;
    EXPECT_TRUE(pair.server.has_ended(id));
  }
}

TEST(Http2Session, PrefaceIsKnown) {
  constexpr std::string_view kPreface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
  EXPECT_EQ(match_http2_preface(bytes_of(kPreface)), ParseState::Complete);
  EXPECT_EQ(match_http2_preface(bytes_of(std::string(kPreface) + "more")), ParseState::Complete);
  for (std::size_t size = 0; size < kPreface.size(); ++size)
    EXPECT_EQ(match_http2_preface(bytes_of(kPreface.substr(0, size))), ParseState::NeedMore);
  EXPECT_EQ(match_http2_preface(bytes_of("PRI * HTTP/1.1\r\n")), ParseState::Bad);
  EXPECT_EQ(match_http2_preface(bytes_of("GET / HTTP/1.1\r\n")), ParseState::Bad);
}

}  // namespace
}  // namespace strongroom::http
