// Flow control end to end, back-pressure, and what a session holds in memory (threats.md N1, K4).
// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>
#include <string.h>

#include <fstream>
#include <string>
#include <utility>
#include <vector>

#include "http/http2/sessions_for_test.h"
#include "http/http2/stream.h"

namespace strongroom::http {
namespace {

using Kind = Http2EventKind;

constexpr std::string_view kGet = "GET / HTTP/1.1\r\nHost: a.example\r\n\r\n";
constexpr std::string_view kPost =
    "POST / HTTP/1.1\r\nHost: a.example\r\nTransfer-Encoding: chunked\r\n\r\n";

/// Sends what the queue takes, as a relay would, until it or the windows are full.
std::size_t send_until_full(Http2Pair& pair, Http2Session& from, Http2StreamId id,
                            std::string_view piece) {
  std::size_t sent = 0;
  for (int turn = 0; turn < 1000; ++turn) {
    const auto taken = from.send_data(id, bytes_of(piece), Http2End::Open);
    EXPECT_TRUE(taken);
    sent += taken.value_or(0);
    pair.run();
    if (taken.value_or(0) == 0) return sent;
  }
  ADD_FAILURE() << "nothing ever stalls it";
  return sent;
}

TEST(Http2Flow, StallsUntilTheRelayHasPassedTheOctetsOn) {
  Http2Limits limits;
  limits.stream_window = 100'000;
  Http2Pair pair(limits);
  const auto id = pair.open(kPost, Http2End::Open);
  pair.run();
  const std::string piece(10'000, 'p');
  const std::size_t sent = send_until_full(pair, pair.client, id, piece);
  EXPECT_EQ(sent, limits.stream_window + limits.send_buffer);
  EXPECT_EQ(pair.client.unsent(id), limits.send_buffer);
  EXPECT_EQ(std::ranges::count(pair.at_server, Kind::Data, &Http2Event::kind), 1)
      << "said once until it has been empty";

  // Looking is not passing on.
  (void)pair.server.readable(id);
  pair.run();
  EXPECT_EQ(pair.client.unsent(id), limits.send_buffer);
  EXPECT_EQ(find_event(pair.at_client, Kind::Writable), nullptr);

  std::size_t received = read_all(pair.server, id).size();
  EXPECT_EQ(received, limits.stream_window);
  pair.run();
  EXPECT_NE(find_event(pair.at_client, Kind::Writable), nullptr);
  EXPECT_EQ(pair.client.unsent(id), 0U);
  ASSERT_TRUE(pair.client.send_data(id, {}, Http2End::Ends));
  pair.run();
  received += read_all(pair.server, id).size();
  EXPECT_EQ(received, sent);
  EXPECT_TRUE(pair.server.has_ended(id));
}

TEST(Http2Flow, AnAnswerStallsAndResumes) {
  Http2Pair pair;
  const auto id = pair.open(kGet, Http2End::Ends);
  pair.run();
  ASSERT_TRUE(
      pair.server.submit_answer(id, response_head("HTTP/1.1 200 OK\r\n\r\n"), Http2End::Open));
  const std::string whole(1'000'000, 'w');
  std::size_t sent = 0;
  std::string received;
  for (int turn = 0; turn < 200 && !pair.client.has_ended(id); ++turn) {
    const std::string_view rest = std::string_view(whole).substr(sent);
    if (sent < whole.size())
      sent += pair.server.send_data(id, bytes_of(rest), Http2End::Ends).value_or(0);
    pair.run();
    const ByteView run = pair.client.readable(id);
    received.append(text_of(run));
    pair.client.consume(id, run.size());
  }
  received += read_all(pair.client, id);
  EXPECT_EQ(received, whole);
  EXPECT_TRUE(pair.client.has_ended(id));
}

TEST(Http2Flow, AStreamNobodyReadsLeavesRoomForOthers) {
  Http2Limits limits;
  limits.stream_window = 65'535;
  limits.connection_window = 200'000;
  Http2Pair pair(limits);
  const auto stuck = pair.open(kPost, Http2End::Open);
  const auto lively = pair.open(kPost, Http2End::Open);
  pair.run();
  const std::string piece(10'000, 'p');
  send_until_full(pair, pair.client, stuck, piece);
  for (int i = 0; i < 100; ++i) {
    ASSERT_EQ(pair.client.send_data(lively, bytes_of(piece), Http2End::Open), piece.size());
    pair.run();
    ASSERT_EQ(read_all(pair.server, lively).size(), piece.size()) << i;
  }
}

TEST(Http2Flow, ReleasedAndResetStreamsGiveTheConnectionsWindowBack) {
  Http2Limits limits;
  limits.connection_window = 100'000;
  Http2Pair pair(limits);
  const std::string piece(10'000, 'p');
  for (int i = 0; i < 30; ++i) {
    const auto id = pair.open(kPost, Http2End::Open);
    pair.run();
    const auto taken = pair.client.send_data(id, bytes_of(piece), Http2End::Open);
    ASSERT_EQ(taken, piece.size());
    pair.run();
    ASSERT_EQ(pair.client.unsent(id), 0U) << i << ": the connection's window is shut";
    if (i % 2 == 0) pair.client.reset(id, Http2Code::Cancel);
    if (i % 2 == 0) pair.run();
    pair.server.release(id);
    pair.run();
    pair.client.release(id);
  }
}

TEST(Http2Flow, UploadsNobodyWantsGiveTheConnectionsWindowBack) {
  ManualClock clock;
  Http2Limits limits;
  limits.connection_window = 100'000;
  Http2Session server(Http2Role::Server, clock, limits);
  ASSERT_TRUE(server.feed(bytes_of(client_start() + http2_frame(4, kAckFlag, 0))));
  const std::string piece(16'000, 'x');
  for (std::uint32_t id = 1; id < 41; id += 2) {
    ASSERT_TRUE(server.feed(bytes_of(headers_frame(id, get_fields(), kEndHeadersFlag))));
    const auto stream = static_cast<Http2StreamId>(id);
    ASSERT_TRUE(
        server.submit_answer(stream, response_head("HTTP/1.1 413 C\r\n\r\n"), Http2End::Ends));
    server.release(stream);
    ASSERT_TRUE(server.feed(bytes_of(http2_frame(0, 0, id, piece)))) << "before the answer left";
    (void)take_all(server);
    ASSERT_TRUE(server.feed(bytes_of(http2_frame(0, 0, id, piece)))) << "after it was reset";
    (void)take_all(server);
  }
  EXPECT_TRUE(server.status());
  EXPECT_EQ(server.held_streams(), 0U);
}

TEST(Http2Flow, APeerThatIgnoresTheWindowIsStopped) {
  ManualClock clock;
  Http2Limits limits;
  limits.connection_window = 100'000;
  Http2Session server(Http2Role::Server, clock, limits);
  ASSERT_TRUE(server.feed(bytes_of(client_start() + http2_frame(4, kAckFlag, 0) +
                                   headers_frame(1, get_fields(), kEndHeadersFlag))));
  (void)take_all(server);
  const std::string frame = http2_frame(0, 0, 1, std::string(16'000, 'x'));
  for (int i = 0; i < 20 && server.status(); ++i) {
    (void)server.feed(bytes_of(frame));
    (void)take_all(server);
  }
  EXPECT_FALSE(server.status());
  std::size_t held = 0;
  for (ByteView run = server.readable(1); !run.empty(); run = server.readable(1)) {
    held += run.size();
    server.consume(1, run.size());
  }
  EXPECT_LE(held, limits.connection_window);
}

TEST(Http2Flow, AZeroWindowHoldsNoMoreThanItsBuffer_N1) {
  Http2Pair pair;
  // The client's first words: no octet of any answer, please.
  const std::string no_window = http2_frame(4, 0, 0, std::string("\0\4\0\0\0\0", 6));
  ManualClock clock;
  Http2Session server(Http2Role::Server, clock);
  ASSERT_TRUE(server.feed(
      bytes_of("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + no_window + headers_frame(1, get_fields()))));
  ASSERT_TRUE(server.submit_answer(1, response_head("HTTP/1.1 200 OK\r\n\r\n"), Http2End::Open));
  const std::string large(1'000'000, 'x');
  EXPECT_EQ(server.send_data(1, bytes_of(large), Http2End::Ends), Http2Limits{}.send_buffer);
  EXPECT_EQ(server.send_data(1, bytes_of(large), Http2End::Ends), 0U);
  for (const ReceivedFrame& frame : frames_of(take_all(server))) EXPECT_NE(frame.type, 0);
  EXPECT_EQ(server.unsent(1), Http2Limits{}.send_buffer) << "what the caller's deadline watches";
  EXPECT_FALSE(server.wants_output());
  ASSERT_TRUE(server.feed(bytes_of(http2_frame(8, 0, 1, number32(5)))));
  const auto frames = frames_of(take_all(server));
  ASSERT_EQ(frames.size(), 1U);
  EXPECT_EQ(frames[0].payload.size(), 5U);
}

TEST(Http2Flow, WhatIsReadableStaysWhereItIs) {
  Http2Pair pair;
  const auto id = pair.open(kPost, Http2End::Open);
  ASSERT_TRUE(pair.client.send_data(id, bytes_of("first"), Http2End::Open));
  pair.run();
  const ByteView lent = pair.server.readable(id);
  for (int i = 0; i < 40; ++i)
    ASSERT_TRUE(pair.client.send_data(id, bytes_of(std::string(1000, 'x')), Http2End::Open));
  pair.run();
  pair.client.reset(id, Http2Code::Cancel);
  pair.run();
  EXPECT_EQ(text_of(lent), "first");
  EXPECT_EQ(pair.server.readable(id).data(), lent.data());
}

TEST(OctetQueue, FirstInFirstOut) {
  OctetQueue queue;
  std::string in;
  std::string out;
  std::vector<std::uint8_t> room(3000);
  for (std::size_t i = 0; i < 2000; ++i) {
    const std::string piece(i * 37 % 5000, static_cast<char>('a' + i % 26));
    queue.push(bytes_of(piece));
    in += piece;
    const std::size_t taken = queue.take(MutableBytes(room).first(i * 53 % room.size()));
    out.append(text_of(ByteView(room).first(taken)));
  }
  while (!queue.is_empty()) {
    const ByteView run = queue.front();
    ASSERT_FALSE(run.empty());
    out.append(text_of(run));
    queue.drop(run.size());
  }
  EXPECT_EQ(out, in);
  EXPECT_TRUE(queue.front().empty());
  queue.push(bytes_of("again"));
  EXPECT_EQ(text_of(queue.front()), "again");
  queue.clear();
  EXPECT_EQ(queue.size(), 0U);
}

TEST(Http2Memory, AnIdleConnectionIsSmall) {
  Http2Pair pair;
  for (int i = 0; i < 50; ++i) {
    const auto id = pair.open(kGet, Http2End::Ends);
    pair.run();
    ASSERT_TRUE(pair.server.submit_answer(
        id, response_head("HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\n"), Http2End::Open));
    ASSERT_TRUE(pair.server.send_data(id, bytes_of(std::string(30'000, 'x')), Http2End::Ends));
    pair.run();
    (void)read_all(pair.client, id);
    pair.client.release(id);
    pair.server.release(id);
  }
  RecordProperty("server_octets", static_cast<int>(pair.server.library_memory()));
  RecordProperty("client_octets", static_cast<int>(pair.client.library_memory()));
  // nghttp2 keeps one buffer of a frame (16 KiB) and HPACK's tables.
  EXPECT_LE(pair.server.library_memory(), 40'000U);
  EXPECT_LE(pair.client.library_memory(), 40'000U);
  EXPECT_EQ(pair.server.held_streams(), 0U);
}

TEST(Http2Memory, KeysAreNeverIndexed_K4) {
  Http2Pair pair;
  pair.run();
  const auto size_of_second = [&pair](std::string_view head) {
    (void)pair.open(head, Http2End::Ends);
    (void)take_all(pair.client);
    (void)pair.open(head, Http2End::Ends);
    return take_all(pair.client).size();
  };
  const std::string key(64, 'k');
  const std::size_t written = key.size() * 7 / 8;  // by Huffman's code
  for (const std::string& name : {"x-api-key", "authorization", "cookie", "x-goog-api-key", "x-q"})
    EXPECT_GE(size_of_second("GET / HTTP/1.1\r\nHost: a\r\n" + name + ": " + key + "\r\n\r\n"),
              written)
        << name;
  EXPECT_GE(size_of_second("GET /?key=" + key + " HTTP/1.1\r\nHost: a\r\n\r\n"), written);
  EXPECT_LT(size_of_second("GET / HTTP/1.1\r\nHost: a\r\nUser-Agent: " + key + "\r\n\r\n"), written)
      << "what is no secret is indexed";
}

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define STRONGROOM_HEAP_IS_ELSEWHERE
#endif
#endif

#ifndef STRONGROOM_HEAP_IS_ELSEWHERE
/// How often the octets, each exclusive-or 0x5a, stand in the process's heap.
std::size_t count_in_heap(const std::vector<char>& masked) {
  std::ifstream maps("/proc/self/maps");
  std::string line;
  std::size_t found = 0;
  while (std::getline(maps, line)) {
    if (!line.ends_with("[heap]")) continue;
    const auto dash = line.find('-');
    const auto* at = reinterpret_cast<const char*>(std::stoull(line.substr(0, dash), nullptr, 16));
    const auto* const end =
        reinterpret_cast<const char*>(std::stoull(line.substr(dash + 1), nullptr, 16));
    for (; at + masked.size() <= end; ++at) {
      std::size_t same = 0;
      while (same < masked.size() && (at[same] ^ 0x5a) == masked[same]) ++same;
      found += same == masked.size() ? 1U : 0U;
    }
  }
  return found;
}

/// Sends a head with a key, and answers how often the key stands in the heap before and after.
std::pair<std::size_t, std::size_t> leave_key(std::size_t other_octets) {
  // Letters that Huffman's code makes longer, so that the key is written as it is.
  std::vector<char> masked;
  for (int i = 0; i < 48; ++i) masked.push_back(static_cast<char>("{}|~<>^`"[i * 5 % 8] ^ 0x5a));
  ManualClock clock;
  Http2Session session(Http2Role::Client, clock);
  std::vector<std::uint8_t> room(16384);
  (void)session.take_output(room);
  std::vector<char> value;
  for (const char c : masked) value.push_back(static_cast<char>(c ^ 0x5a));
  RequestHead head = request_head(kGet);
  const std::string other(other_octets, '!');
  head.headers.push("x-other", other, Name::Other);
  head.headers.push("x-api-key", {value.data(), value.size()}, Name::Other);
  EXPECT_TRUE(session.submit_request(head, Http2Scheme::Https, Http2End::Ends));
  explicit_bzero(value.data(), value.size());
  const std::size_t before = count_in_heap(masked);
  while (session.wants_output()) {
    const std::size_t size = session.take_output(room);
    explicit_bzero(room.data(), size);
  }
  return {before, count_in_heap(masked)};
}

TEST(Http2Memory, AKeyLeavesNothingBehindOnceTaken_K4) {
  // Alone; with so much that the key stands in the library's last octets of HEADERS, or in a
  // CONTINUATION.
  for (const std::size_t other : {0U, 300U, 5'000U, 12'800U, 17'000U}) {
    const auto [before, after] = leave_key(other);
    EXPECT_GE(before, 1U) << "the search works: the library holds it until then";
    EXPECT_EQ(after, 0U) << other;
  }
}
#endif

}  // namespace
}  // namespace strongroom::http
