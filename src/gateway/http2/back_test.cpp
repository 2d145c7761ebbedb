// What is known of an exchange when its provider's HTTP/2 connection ends.
// SPDX-License-Identifier: Apache-2.0
#include "gateway/http2/back.h"

#include <gtest/gtest.h>

#include "http/http2/sessions_for_test.h"

namespace strongroom::gateway {
namespace {

constexpr std::string_view kPost = "POST /v1/x HTTP/1.1\r\nhost: a.example\r\n\r\n";

/// A provider at the other end of a connection in memory.
class Http2Backs : public ::testing::Test {
 protected:
  io::Task<void> connect() {
    io::JoinedStreams ends = io::Stream::join(loop);
    provider_.emplace(std::move(ends.other));
    constexpr std::chrono::seconds kLong{60};
    back = Http2Back::begin(loop, std::move(ends.one), {kLong, kLong, kLong, kLong}, [](bool) {});
    const std::string settings = http::take_all(session_);
    (void)co_await provider_->write_all(bytes_of(settings));
    while (!back->has_room()) co_await hear();
  }
  /// A request whose head is on its way.
  io::Task<Http2Back::Opened> ask() {
    Http2Back::Opened opened = back->open();
    (void)co_await opened.stream.write_all(bytes_of(kPost));
    co_return opened;
  }
  /// Something of the gateway's.
  io::Task<void> hear() {
    ByteVector block(16384);
    const auto got = co_await provider_->read_some(block);
    EXPECT_TRUE(got && *got > 0);
    if (!got || *got == 0) co_return;
    (void)session_.feed(ByteView(block).first(*got));
    requests += std::ranges::count(http::events_of(session_), http::Http2EventKind::Request,
                                   &http::Http2Event::kind);
  }
  void end_connection() { provider_->abort(); }
  /// It takes no stream but the first.
  io::Task<void> say_goaway() {
    const std::string goaway = http::http2_frame(7, 0, 0, http::number32(1) + http::number32(0));
    (void)co_await provider_->write_all(bytes_of(goaway));
  }
  void run(std::function<io::Task<void>()> story) {
    loop.spawn(tell(story));
    loop.run();
  }

  SystemClock clock;
  io::Loop loop{clock};
  std::shared_ptr<Http2Back> back;
  std::ptrdiff_t requests = 0;

 private:
  io::Task<void> tell(std::function<io::Task<void>()>& story) {
    co_await story();
    while (!back->is_over()) co_await loop.sleep(std::chrono::milliseconds(1));
    back.reset();
    loop.stop();
  }
  std::optional<io::Stream> provider_;
  http::Http2Session session_{http::Http2Role::Server, clock};
};

TEST_F(Http2Backs, what_had_not_left_when_the_connection_ended_may_be_sent_again) {
  run([&]() -> io::Task<void> {
    co_await connect();
    Http2Back::Opened seen = co_await ask();
    while (requests == 0) co_await hear();
    Http2Back::Opened waiting = co_await ask();
    Http2Back::Opened begun = back->open();
    end_connection();
    ByteVector block(64);
    for (Http2Back::Opened* each : {&seen, &waiting, &begun}) {
      const auto got = co_await each->stream.read_some(block);
      EXPECT_FALSE(got);
    }
    EXPECT_FALSE(seen.exchange->is_unsent);
    EXPECT_TRUE(waiting.exchange->is_unsent);
    EXPECT_TRUE(begun.exchange->is_unsent);
  });
}

TEST_F(Http2Backs, what_may_not_leave_any_more_is_known_at_once) {
  run([&]() -> io::Task<void> {
    co_await connect();
    Http2Back::Opened seen = co_await ask();
    while (requests == 0) co_await hear();
    Http2Back::Opened late = co_await ask();
    co_await say_goaway();
    ByteVector block(64);
    late.stream.set_deadline(loop.deadline_in(std::chrono::seconds(60)));
    const auto got = co_await late.stream.read_some(block);
    EXPECT_FALSE(got);
    EXPECT_EQ(requests, 1);
    EXPECT_TRUE(late.exchange->was_refused);
    end_connection();
  });
}

}  // namespace
}  // namespace strongroom::gateway
