// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>
#include <unistd.h>

#include <array>

#include "io/echo_for_test.h"

namespace strongroom::io {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

TEST_F(Echo, carries_octets_over_tcp) {
  listen();
  Status done;
  run(use_once(dial(), [](Stream& stream) { return round_trip(stream, 100'000); }, done));
  EXPECT_TRUE(done) << done.error().message;
}

TEST_F(Echo, carries_octets_over_verified_tls_and_resumes) {
  listen({"api.example.com"});
  const auto client = TlsClient::create(authority.chain_pem);
  ASSERT_TRUE(client);
  for (int i = 0; i < 3; ++i) {
    Status done;
    run(use_once(
        dial(),
        [&](Stream& stream) -> Task<Status> {
          auto secured =
              co_await stream.start_tls_client(*client, "api.example.com", ProtocolOffer::Http1);
          if (!secured) co_return secured;
          co_return co_await round_trip(stream, 30'000);
        },
        done));
    EXPECT_TRUE(done) << done.error().message;
  }
}

TEST_F(Echo, A3_refuses_a_certificate_for_another_name) {
  listen({"api.example.com"});
  const auto client = TlsClient::create(authority.chain_pem);
  Status done;
  run(use_once(
      dial(),
      [&](Stream& stream) {
        return stream.start_tls_client(*client, "evil.example.com", ProtocolOffer::Http1);
      },
      done));
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().reason, kCertificateRefused);
}

TEST_F(Echo, A3_refuses_an_unknown_authority) {
  listen({"api.example.com"});
  const auto client = TlsClient::create("");
  Status done;
  run(use_once(
      dial(),
      [&](Stream& stream) {
        return stream.start_tls_client(*client, "api.example.com", ProtocolOffer::Http1);
      },
      done));
  EXPECT_FALSE(done);
}

/// Counts how often memory was asked for, and whether it is held.
struct CountedRoom final : ReadRoom {
  MutableBytes take() override {
    ++taken;
    is_held = true;
    return memory;
  }
  void give_back() noexcept override { is_held = false; }
  std::array<std::uint8_t, 100> memory{};
  int taken = 0;
  bool is_held = false;
};

TEST_F(Echo, a_read_that_waits_holds_no_memory) {
  listen();
  Status done;
  run(use_once(
      dial(),
      [&](Stream& stream) -> Task<Status> {
        CountedRoom room;
        bool is_over = false;
        loop.spawn([](Stream& from, CountedRoom& into, bool& over) -> Task<void> {
          const auto got = co_await from.read_some(into);
          EXPECT_EQ(got.value_or(0), 3U);
          over = true;
        }(stream, room, is_over));
        co_await loop.sleep(milliseconds(1));
        EXPECT_FALSE(is_over);
        EXPECT_FALSE(room.is_held);
        constexpr std::string_view kText = "abc";
        const auto sent = co_await stream.write_all(bytes_of(kText));
        while (!is_over) co_await loop.sleep(milliseconds(1));
        EXPECT_TRUE(room.is_held);
        EXPECT_EQ(text_of(ByteView(room.memory).first(3)), kText);
        co_return sent;
      },
      done));
  EXPECT_TRUE(done);
}

TEST_F(Echo, abort_ends_a_pending_read) {
  listen();
  Status done;
  run(use_once(
      dial(),
      [this](Stream& stream) -> Task<Status> {
        loop.post([&stream] { stream.abort(); });
        ByteVector block(16);
        const auto got = co_await stream.read_some(block);
        if (got) co_return Status();
        co_return std::unexpected(got.error());
      },
      done));
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().code, Code::Cancelled);
}

TEST_F(Echo, a_deadline_ends_a_pending_read) {
  listen();
  Status done;
  run(use_once(
      dial(),
      [this](Stream& stream) -> Task<Status> {
        stream.set_deadline(Deadline::after(clock, milliseconds(20)));
        ByteVector block(16);
        const auto got = co_await stream.read_some(block);
        if (got) co_return Status();
        co_return std::unexpected(got.error());
      },
      done));
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().code, Code::Timeout);
}

TEST_F(Echo, a_half_closed_side_still_reads) {
  listen();
  Status done;
  run(use_once(
      dial(),
      [](Stream& stream) -> Task<Status> {
        const ByteVector sent(1000, 'y');
        (void)co_await stream.write_all(sent);
        (void)co_await stream.finish_writing();
        ByteVector block(4096);
        std::size_t received = 0;
        for (;;) {
          const auto got = co_await stream.read_some(block);
          if (!got) co_return std::unexpected(got.error());
          if (*got == 0) break;
          received += *got;
        }
        if (received != sent.size()) co_return fail(Code::Network, "lost octets");
        co_return Status();
      },
      done));
  EXPECT_TRUE(done) << done.error().message;
}

TEST_F(Echo, G1_refuses_private_addresses) {
  listen();
  Status done;
  run(use_once(
      dial_tcp(loop, "127.0.0.1", at.port, PrivateAddresses::Refuse, Deadline()),
      [](Stream& stream) { return round_trip(stream, 1); }, done));
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().reason, "private_address");
}

TEST(Event, wakes_its_waiter_and_keeps_one_early_set) {
  const SystemClock clock;
  Loop loop(clock);
  Event event(loop);
  int woken = 0;
  const auto body = [&]() -> Task<void> {
    event.set();
    co_await event.wait();
    ++woken;
    loop.post([&] { event.set(); });
    const bool was_set = co_await event.wait_until(Deadline::after(clock, seconds(60)));
    woken += was_set ? 1 : 0;
    const bool again = co_await event.wait_until(Deadline::after(clock, milliseconds(1)));
    woken += again ? 10 : 1;
    loop.stop();
  };
  loop.spawn(body());
  loop.run();
  EXPECT_EQ(woken, 3);
}

TEST(Event, set_when_calm_lets_other_work_go_first_but_not_for_long) {
  const SystemClock clock;
  Loop loop(clock);
  Event event(loop);
  int steps = 0;
  int steps_before = -1;
  loop.spawn([](Loop& on, int& count, const int& told) -> Task<void> {
    // Work without end, until the event was set all the same.
    while (told < 0 && count < 1000) {
      ++count;
      co_await on.yield();
    }
    on.stop();
  }(loop, steps, steps_before));
  loop.spawn([](Event& waited, const int& count, int& told) -> Task<void> {
    (void)co_await waited.wait();
    told = count;
  }(event, steps, steps_before));
  loop.set_when_calm(event);
  loop.set_when_calm(event);
  loop.run();
  EXPECT_GE(steps_before, 2);
  EXPECT_LT(steps_before, 20);
}

TEST(Event, set_when_calm_comes_before_a_wait_and_not_after_its_end) {
  const SystemClock clock;
  Loop loop(clock);
  {
    Event gone(loop);
    loop.set_when_calm(gone);
  }
  Event event(loop);
  loop.spawn([](Loop& on, Event& waited) -> Task<void> {
    on.set_when_calm(waited);
    (void)co_await waited.wait();
    on.stop();
  }(loop, event));
  loop.run();
}

TEST(Endpoint, is_split_strictly) {
  EXPECT_EQ(parse_endpoint("127.0.0.1:80")->port, 80);
  EXPECT_EQ(parse_endpoint("[::1]:443")->host, "::1");
  for (const char* wrong : {"", ":1", "a:", "a:b", "a:70000", "::1:80", "[::1:80", "a:1x"})
    EXPECT_FALSE(parse_endpoint(wrong)) << wrong;
}

}  // namespace
}  // namespace strongroom::io
