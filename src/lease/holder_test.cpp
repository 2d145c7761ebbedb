// SPDX-License-Identifier: Apache-2.0
#include "lease/holder.h"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <cstdlib>
#include <new>

#include "io/net.h"
#include "lease/holder_side.h"

namespace {
std::atomic<std::size_t> allocations{0};
}  // namespace

// Counts what the whole test program allocates; the hot path must not.
void* operator new(std::size_t size) {
  allocations.fetch_add(1, std::memory_order_relaxed);
  void* memory = std::malloc(size == 0 ? 1 : size);
  if (memory == nullptr) std::abort();
  return memory;
}
void operator delete(void* memory) noexcept {
  std::free(memory);
}
void operator delete(void* memory, std::size_t) noexcept {
  std::free(memory);
}

namespace strongroom::lease {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

PassHash pass_of(std::uint32_t number) {
  PassHash hash{};
  for (std::size_t i = 0; i < hash.size(); ++i)
    hash[i] = static_cast<std::uint8_t>((number * 2654435761U) >> (i % 4 * 8));
  std::memcpy(hash.data() + 8, &number, sizeof(number));
  return hash;
}

template <class AnyId>
AnyId id_of(std::uint32_t number) {
  IdBytes bytes{};
  std::memcpy(bytes.data(), &number, sizeof(number));
  bytes[15] = 1;
  return AnyId(bytes);
}

struct Carrier final : Attachment {
  void cut(std::string_view why) noexcept override { reason = why; }
  std::string reason;
};

class Holding : public testing::Test {
 protected:
  Holding()
      : holder({[this](const Message& message) { keep(message); },
                [this](const Fence&, std::uint32_t closed) {
                  closed_by_fence = static_cast<int>(closed);
                }}) {
    holder.on_channel_up();
  }
  void keep(const Message& message) {
    if (const auto* acquire = std::get_if<Acquire>(&message)) last_request = acquire->request;
    if (const auto* release = std::get_if<Release>(&message)) released += release->leases.size();
    if (const auto* renew = std::get_if<Renew>(&message)) last_renew = *renew;
  }
  /// Asks and is answered at once.
  Lease* take(std::uint32_t number, std::string service = "gemini") {
    EXPECT_TRUE(holder.acquire(pass_of(number), service, now));
    Granted granted;
    granted.request = last_request;
    granted.lease.lease = id_of<LeaseId>(++leases);
    granted.lease.key = id_of<KeyId>(number);
    granted.lease.grant = id_of<GrantId>(number);
    granted.lease.service = service;
    holder.on_granted(std::move(granted), now);
    return holder.lookup(pass_of(number), service, now).lease;
  }
  void deny(std::uint32_t number) {
    EXPECT_TRUE(holder.acquire(pass_of(number), "gemini", now));
    holder.on_denied({last_request, Code::Revoked, "key_revoked", "revoked", SessionId(IdBytes{7})},
                     now);
  }
  void pass_time(milliseconds time) {
    for (milliseconds done{0}; done < time; done += milliseconds(50)) {
      now += milliseconds(50);
      last_renew = {};
      holder.tick(now);
      if (last_renew.round != 0) holder.on_renewed({last_renew.round, last_renew.leases}, now);
    }
  }

  std::uint64_t last_request = 0;
  std::size_t released = 0;
  Renew last_renew;
  int closed_by_fence = -1;
  std::uint32_t leases = 0;
  SteadyTime now{seconds(1000)};
  Holder holder;
};

TEST_F(Holding, TheDeadlineCountsFromTheAsking) {
  ASSERT_TRUE(holder.acquire(pass_of(1), "gemini", now));
  Granted granted;
  granted.request = last_request;
  granted.lease.lease = id_of<LeaseId>(1);
  granted.lease.service = "gemini";
  const auto asked = now;
  holder.on_granted(std::move(granted), asked + milliseconds(1500));
  EXPECT_EQ(holder.lookup(pass_of(1), "gemini", asked + milliseconds(1999)).found,
            Holder::Found::Usable);
  EXPECT_EQ(holder.lookup(pass_of(1), "gemini", asked + milliseconds(2000)).found,
            Holder::Found::NeedsAcquire);
}

TEST_F(Holding, DenialsAreKeptForAMomentAndAreBounded) {
  deny(1);
  const auto found = holder.lookup(pass_of(1), "gemini", now);
  ASSERT_EQ(found.found, Holder::Found::Denied);
  EXPECT_EQ(found.denial->reason, "key_revoked");
  EXPECT_EQ(found.denial->session, SessionId(IdBytes{7}));
  // Trying a pass with a wrong service says nothing of the right one.
  EXPECT_EQ(holder.lookup(pass_of(1), "openai", now).found, Holder::Found::NeedsAcquire);
  EXPECT_EQ(holder.lookup(pass_of(1), "gemini", now + Holder::kDenialKept).found,
            Holder::Found::NeedsAcquire);
  for (std::uint32_t i = 10; i < 10 + 2 * Holder::kMaxDenials; ++i) deny(i);
  EXPECT_EQ(holder.lookup(pass_of(10), "gemini", now).found,
            Holder::Found::NeedsAcquire);  // pushed out
  EXPECT_EQ(holder.lookup(pass_of(9 + 2 * Holder::kMaxDenials), "gemini", now).found,
            Holder::Found::Denied);
}

TEST_F(Holding, UnusedLeasesAreReleasedAttachedOnesAreNot) {
  Carrier carrier;
  ASSERT_TRUE(carrier.attach(*take(1)));
  take(2);
  pass_time(seconds(70));
  EXPECT_EQ(released, 1U);
  EXPECT_TRUE(carrier.is_usable(now));
  EXPECT_EQ(holder.lookup(pass_of(1), "gemini", now).found, Holder::Found::Usable);
  EXPECT_EQ(holder.lookup(pass_of(2), "gemini", now).found, Holder::Found::NeedsAcquire);
}

TEST_F(Holding, ANewVersionIsTakenByNewUsesOnly) {
  Carrier carrier;
  Lease* old = take(1);
  ASSERT_TRUE(carrier.attach(*old));
  holder.on_refresh({id_of<KeyId>(1)});
  EXPECT_EQ(holder.lookup(pass_of(1), "gemini", now).found, Holder::Found::NeedsAcquire);
  Lease* fresh = take(1);
  ASSERT_NE(fresh, nullptr);
  EXPECT_NE(fresh, old);
  pass_time(seconds(5));
  EXPECT_EQ(carrier.lease(), old);  // the running stream goes on
  holder.on_fence({1, FenceKind::Key, id_of<KeyId>(1).bytes(), "key_revoked", 0});
  EXPECT_EQ(carrier.reason, "key_revoked");  // and a revoke reaches it
  EXPECT_EQ(closed_by_fence, 1);
  EXPECT_EQ(holder.lease_count(), 0U);
}

TEST_F(Holding, AnUnattachedOldVersionIsReleasedSoon) {
  take(1);
  holder.on_refresh({id_of<KeyId>(1)});
  pass_time(seconds(2));
  EXPECT_EQ(released, 1U);
}

TEST_F(Holding, LosingTheChannelLetsLeasesRunOut) {
  Carrier carrier;
  ASSERT_TRUE(carrier.attach(*take(1)));
  holder.on_channel_lost();
  EXPECT_TRUE(carrier.is_usable(now));
  EXPECT_FALSE(holder.acquire(pass_of(2), "gemini", now));
  pass_time(milliseconds(2100));
  EXPECT_EQ(carrier.reason, "lease_expired");
  EXPECT_EQ(holder.lease_count(), 0U);
}

TEST_F(Holding, OverANewChannelTheSameGrantGoesOn) {
  Carrier carrier;
  ASSERT_TRUE(carrier.attach(*take(1)));
  holder.on_channel_lost();
  holder.on_channel_up();
  now += milliseconds(500);
  holder.on_refresh({id_of<KeyId>(1)});
  Lease* fresh = take(1);
  EXPECT_EQ(carrier.lease(), fresh);
  pass_time(seconds(5));
  EXPECT_TRUE(carrier.is_usable(now));
  EXPECT_TRUE(carrier.reason.empty());
}

TEST_F(Holding, CutMayTakeOthersAlong) {
  struct Chain final : Attachment {
    void cut(std::string_view) noexcept override { other.reset(); }
    std::unique_ptr<Carrier> other = std::make_unique<Carrier>();
  };
  Lease* lease = take(1);
  Chain chain;
  ASSERT_TRUE(chain.other->attach(*lease));
  ASSERT_TRUE(chain.attach(*lease));
  holder.on_fence({1, FenceKind::Key, id_of<KeyId>(1).bytes(), "key_revoked", 0});
  EXPECT_EQ(chain.other, nullptr);
}

TEST_F(Holding, ALookupIsFastAndAllocatesNothing) {
  constexpr std::uint32_t kPasses = 5000;
  for (std::uint32_t i = 0; i < kPasses; ++i) take(i);
  const PassHash wanted = pass_of(4321);
  const std::string service = "gemini";
  constexpr int kRounds = 200'000;
  const auto before = allocations.load();
  const auto began = std::chrono::steady_clock::now();
  int usable = 0;
  for (int i = 0; i < kRounds; ++i)
    usable += holder.lookup(wanted, service, now).found == Holder::Found::Usable ? 1 : 0;
  const auto took = std::chrono::steady_clock::now() - began;
  EXPECT_EQ(allocations.load(), before);
  EXPECT_EQ(usable, kRounds);
  const auto each = std::chrono::duration_cast<std::chrono::nanoseconds>(took).count() / kRounds;
  RecordProperty("nanoseconds_per_lookup", std::to_string(each));
  std::printf("lookup: %ld ns\n", static_cast<long>(each));
}

/// The link's own work per use: no allocation once it is warm.
TEST(HoldingLink, AUseAllocatesNothingWhenWarm) {
  if (!io::keeps_frames()) GTEST_SKIP() << "a sanitizer watches the frames";
  SystemClock clock;
  io::Loop loop(clock);
  const auto pair = io::socket_pair();
  ASSERT_TRUE(pair);
  auto theirs = io::Stream::adopt(loop, pair->theirs);
  ASSERT_TRUE(theirs);
  HolderLink link(loop, {kProtocol, HolderRole::Gateway, 1, "gateway", {}}, {});
  link.connect(std::move(*theirs));
  const Lease lease;
  const auto use = [&] {
    const auto sequence = link.intend(lease, "generativelanguage.googleapis.com", "POST",
                                      "/v1beta/models/gemini:generateContent");
    UseSettled settled;
    settled.sequence = sequence;
    link.settle(settled);
  };
  ByteVector drain(1UL << 20U);
  std::size_t counted = 0;
  auto story = [&]() -> io::Task<void> {
    auto ours = io::Stream::adopt(loop, pair->ours);
    const MutableBytes room(drain);
    for (int turn = 0; turn < 400; ++turn) {
      const auto before = allocations.load();
      for (int i = 0; i < 20; ++i) use();
      static_cast<void>(co_await ours->read_some(room));
      if (turn >= 200) counted += allocations.load() - before;
    }
    loop.stop();
  };
  loop.spawn(story());
  loop.run();
  // The ticker and the loop may allocate now and then; uses (4000 here) may not.
  EXPECT_LT(counted, 100U);
}

}  // namespace
}  // namespace strongroom::lease
