// Streams joined in memory do what those over a socket do. SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <optional>

#include "io/loop.h"
#include "io/memory_pair.h"
#include "io/stream.h"
#include "io/tls/tls.h"

namespace strongroom::io {
namespace {

class Joined : public ::testing::Test {
 protected:
  SystemClock clock;
  Loop loop{clock};
  JoinedStreams ends = Stream::join(loop);

  using Story = std::function<Task<void>()>;
  /// Until both have ended.
  void run(Story first, Story second) {
    int left = 2;
    loop.spawn(tell(first, left));
    loop.spawn(tell(second, left));
    loop.run();
  }
  void run(Story only) {
    run(std::move(only), []() -> Task<void> { co_return; });
  }

 private:
  Task<void> tell(Story& story, int& left) {
    co_await story();
    if (--left == 0) loop.stop();
  }
};

ByteVector numbered(std::size_t size) {
  ByteVector octets(size);
  for (std::size_t i = 0; i < size; ++i) octets[i] = static_cast<std::uint8_t>(i * 7 + i / 251);
  return octets;
}

TEST_F(Joined, octets_arrive_in_order_however_they_are_cut_both_ways) {
  const ByteVector there = numbered(1'000'003);
  const ByteVector back = numbered(300'001);
  ByteVector heard;
  ByteVector answered;
  const auto say = [](Stream& end, const ByteVector& what, std::size_t piece) -> Task<void> {
    for (std::size_t at = 0; at < what.size(); at += piece) {
      const ByteView part = ByteView(what).subspan(at, std::min(piece, what.size() - at));
      const auto sent = co_await end.write_all(part.first(part.size() / 2),
                                               part.subspan(part.size() / 2), ByteView());
      EXPECT_TRUE(sent);
    }
    (void)co_await end.finish_writing();
  };
  const auto hear = [](Stream& end, ByteVector& into, std::size_t piece) -> Task<void> {
    ByteVector block(piece);
    for (;;) {
      const auto got = co_await end.read_some(block);
      EXPECT_TRUE(got);
      if (!got || *got == 0) co_return;
      into.insert(into.end(), block.begin(), block.begin() + static_cast<std::ptrdiff_t>(*got));
    }
  };
  run(
      [&]() -> Task<void> {
        loop.spawn(say(ends.one, there, 70'001));
        co_await hear(ends.one, answered, 33);
      },
      [&]() -> Task<void> {
        co_await hear(ends.other, heard, 5'003);
        co_await say(ends.other, back, 999);
      });
  EXPECT_EQ(heard, there);
  EXPECT_EQ(answered, back);
}

TEST_F(Joined, a_writer_waits_for_the_reader) {
  const ByteVector all = numbered(MemoryPair::kRoom * 3);
  bool is_sent = false;
  std::size_t got_first = 0;
  run(
      [&]() -> Task<void> {
        const auto sent = co_await ends.one.write_all(all);
        EXPECT_TRUE(sent);
        is_sent = true;
      },
      [&]() -> Task<void> {
        for (int i = 0; i < 10; ++i) co_await loop.yield();
        EXPECT_FALSE(is_sent);
        ByteVector block(all.size());
        const auto first = co_await ends.other.read_some(block);
        got_first = first.value_or(0);
        for (std::size_t total = got_first; total < all.size();) {
          const auto more = co_await ends.other.read_some(block);
          if (!more) co_return;
          total += *more;
        }
      });
  EXPECT_EQ(got_first, MemoryPair::kRoom);
  EXPECT_TRUE(is_sent);
}

TEST_F(Joined, what_was_written_before_an_abort_is_read_and_then_it_is_broken) {
  run([&]() -> Task<void> {
    const auto sent = co_await ends.one.write_all(bytes_of(std::string_view("last words")));
    EXPECT_TRUE(sent);
    ends.one.abort(7);
    EXPECT_FALSE(ends.one.is_open());
    EXPECT_FALSE(ends.other.has_peer_ended()) << "something is left to be read";
    ByteVector block(100);
    const auto got = co_await ends.other.read_some(block);
    EXPECT_EQ(got.value_or(0), 10U);
    const auto broken = co_await ends.other.read_some(block);
    EXPECT_FALSE(broken) << "a cut stream is not taken for a whole one";
    EXPECT_TRUE(ends.other.has_peer_ended());
    EXPECT_EQ(ends.other.reason_of_peer(), 7U);
    const auto into_nothing = co_await ends.other.write_all(bytes_of(std::string_view("x")));
    EXPECT_FALSE(into_nothing);
    const auto own = co_await ends.one.read_some(block);
    EXPECT_EQ(own.error().code, Code::Cancelled);
  });
}

TEST_F(Joined, an_abort_wakes_whoever_waits_at_either_end) {
  Status own;
  Status others;
  const ByteVector all = numbered(MemoryPair::kRoom + 1);
  const auto write = [&all](Stream& end, Status& done) -> Task<void> {
    done = co_await end.write_all(all);
  };
  loop.spawn(write(ends.one, own));
  loop.spawn(write(ends.other, others));
  run([&]() -> Task<void> {
    for (int i = 0; i < 5; ++i) co_await loop.yield();
    ends.one.abort();
    for (int i = 0; i < 5; ++i) co_await loop.yield();
  });
  ASSERT_FALSE(own);
  ASSERT_FALSE(others);
  EXPECT_EQ(own.error().code, Code::Cancelled);
  EXPECT_EQ(others.error().code, Code::Network);
  EXPECT_FALSE(ends.other.reason_of_peer());
}

TEST_F(Joined, a_stream_that_is_destroyed_is_gone_for_the_other) {
  run([&]() -> Task<void> {
    {
      const Stream gone = std::move(ends.one);
    }
    EXPECT_TRUE(ends.other.is_open());
    EXPECT_TRUE(ends.other.is_stale());
    ByteVector block(10);
    const auto got = co_await ends.other.read_some(block);
    EXPECT_FALSE(got);
  });
}

TEST_F(Joined, news_are_told_once_to_whoever_watches) {
  int told = 0;
  run([&]() -> Task<void> {
    ends.other.watch_readable([&] { ++told; });
    EXPECT_EQ(told, 0);
    const auto sent = co_await ends.one.write_all(bytes_of(std::string_view("abc")));
    EXPECT_TRUE(sent);
    EXPECT_EQ(told, 1);
    ends.other.watch_readable([&] { ++told; });
    EXPECT_EQ(told, 2) << "what is there already";
    ByteVector block(10);
    const auto got = co_await ends.other.read_some(block);
    EXPECT_EQ(got.value_or(0), 3U);
    EXPECT_FALSE(ends.other.is_stale());
    EXPECT_FALSE(ends.other.may_hold_octets());
    ends.other.watch_readable([&] { ++told; });
    ends.one.abort();
    EXPECT_EQ(told, 3);
  });
}

TEST_F(Joined, waiting_does_not_read) {
  run(
      [&]() -> Task<void> {
        const auto ready = co_await ends.other.wait_readable();
        EXPECT_TRUE(ready);
        const auto first = co_await ends.other.peek_first();
        EXPECT_EQ(first.value_or(0), 'a');
        ByteVector block(10);
        const auto got = co_await ends.other.read_some(block);
        EXPECT_EQ(got.value_or(0), 3U);
      },
      [&]() -> Task<void> {
        for (int i = 0; i < 5; ++i) co_await loop.yield();
        (void)co_await ends.one.write_all(bytes_of(std::string_view("abc")));
      });
}

TEST_F(Joined, a_deadline_ends_it_for_both) {
  std::optional<Code> late;
  run([&]() -> Task<void> {
    ends.one.set_deadline(loop.deadline_in(std::chrono::milliseconds(1)));
    ByteVector block(10);
    const auto got = co_await ends.one.read_some(block);
    late = got ? Code::Internal : got.error().code;
    const auto other = co_await ends.other.read_some(block);
    EXPECT_FALSE(other);
  });
  EXPECT_EQ(late, Code::Timeout);
}

TEST_F(Joined, no_descriptor_and_no_TLS) {
  EXPECT_EQ(ends.one.native_handle(), -1);
  const auto client = TlsClient::create("");
  ASSERT_TRUE(client);
  run([&]() -> Task<void> {
    const auto secured =
        co_await ends.one.start_tls_client(*client, "a.example", ProtocolOffer::Http1);
    EXPECT_FALSE(secured);
  });
}

}  // namespace
}  // namespace strongroom::io
