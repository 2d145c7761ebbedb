// SPDX-License-Identifier: Apache-2.0
#include "api/session_events.h"

#include <gtest/gtest.h>

#include <optional>
#include <vector>

#include "base/json.h"

namespace strongroom::api {
namespace {

SessionId session_of(std::uint8_t number) {
  return SessionId(IdBytes{number});
}
TenantId tenant_of(std::uint8_t number) {
  return TenantId(IdBytes{number});
}

/// A follower's end of a stream: keeps what it is sent, and takes nothing while it is held.
class Page final : public http::ResponseWriter {
 public:
  explicit Page(io::Loop& loop) : freed_(loop) {}
  io::Task<Status> write(std::string_view piece) override {
    text += piece;
    if (is_held) co_await freed_.wait();
    co_return is_gone ? Status(fail(Code::Network, "gone")) : Status();
  }
  void free() {
    is_held = false;
    freed_.set();
  }
  [[nodiscard]] std::size_t count(std::string_view part) const {
    std::size_t times = 0;
    for (auto at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++times;
    return times;
  }
  /// Of the last event.
  [[nodiscard]] std::string last_id() const {
    const auto at = text.rfind("\nid: ") + 5;
    return text.substr(at, text.find('\n', at) - at);
  }
  std::string text;
  bool is_held = false;
  bool is_gone = false;

 private:
  io::Event freed_;
};

class Events : public testing::Test {
 protected:
  static vault::SessionEvent event(std::string_view kind, std::uint8_t session,
                                   std::uint8_t tenant = 1) {
    vault::SessionEvent out;
    out.kind = kind;
    out.at = SystemClock().wall();
    out.session = session_of(session);
    out.tenant = tenant_of(tenant);
    out.tenant_name = "acme";
    return out;
  }
  SessionEvents::Wanted one(std::uint8_t session, WallTime started) const {
    SessionEvents::Wanted wanted;
    wanted.session = SessionEvents::One{session_of(session), started, {}};
    return wanted;
  }
  /// Begins a stream; `page` has what is there already when this returns.
  void follow(Page& page, SessionEvents::Wanted wanted) {
    auto stream = events.follow(std::move(wanted));
    ASSERT_TRUE(stream) << stream.error().message;
    ++open;
    loop.spawn(carry(std::move(*stream), page));
    settle();
  }
  io::Task<void> carry(SessionEvents::Stream stream, Page& page) {
    co_await stream(page);
    stream = nullptr;
    --open;
  }
  /// Everything that can go on without more events has.
  void settle() {
    for (int turns = 0; turns < 8; ++turns) {
      loop.post([this] { loop.stop(); });
      loop.run();
    }
  }
  void add(const vault::SessionEvent& what) {
    events.add(what);
    settle();
  }
  template <class Condition>
  void run_until(Condition condition) {
    loop.spawn([](io::Loop& its, Condition met) -> io::Task<void> {
      for (int turns = 0; turns < 12'000 && !met(); ++turns)
        co_await its.sleep(std::chrono::milliseconds(5));
      its.stop();
    }(loop, condition));
    loop.run();
    EXPECT_TRUE(condition());
  }

  SystemClock clock;
  io::Loop loop{clock};
  SessionEvents events{loop, std::chrono::milliseconds(60)};
  int open = 0;  ///< streams that go on
};

TEST_F(Events, AFollowerSeesItsTenantsAloneFromNowOn) {
  Page all(loop);
  Page acme(loop);
  add(event("started", 1));
  follow(all, {});
  SessionEvents::Wanted wanted;
  wanted.tenant = tenant_of(1);
  follow(acme, wanted);
  add(event("ending", 1));
  add(event("started", 2, 2));
  EXPECT_EQ(all.count("event: "), 2U) << all.text;
  EXPECT_EQ(acme.count("event: ending\n"), 1U);
  EXPECT_EQ(acme.count("event: "), 1U);
  EXPECT_EQ(acme.count(session_of(2).text()), 0U);
  EXPECT_EQ(open, 2);
}

TEST_F(Events, HowKeysDoIsToldToWhoAsksForItAndMaySeeThem) {
  const MemberId alice(IdBytes{7});
  const MemberId bob(IdBytes{8});
  Page plain(loop);
  follow(plain, {});
  const auto follow_as = [&](Page& page, std::optional<MemberId> member, std::uint8_t tenant) {
    SessionEvents::Wanted wanted;
    wanted.with_keys = true;
    wanted.member = member;
    wanted.tenant = tenant_of(tenant);
    follow(page, wanted);
  };
  Page owner(loop);
  Page hers(loop);
  Page his(loop);
  Page stranger(loop);
  follow_as(owner, {}, 1);
  follow_as(hers, alice, 1);
  follow_as(his, bob, 1);
  follow_as(stranger, {}, 2);
  vault::SessionEvent of_all = event("key_state", 0);
  vault::SessionEvent of_alice = of_all;
  of_alice.member = alice;
  add(of_all);
  add(of_alice);
  EXPECT_EQ(plain.count("event: "), 0U) << "of sessions alone";
  EXPECT_EQ(owner.count("event: key_state\n"), 2U);
  EXPECT_EQ(owner.count("\"session\""), 0U) << owner.text;
  EXPECT_EQ(hers.count("event: key_state\n"), 2U) << "her own, and the tenant's";
  EXPECT_EQ(his.count("event: key_state\n"), 1U);
  EXPECT_EQ(stranger.count("event: "), 0U);
}

TEST_F(Events, OneThatWasAwayGoesOnWhereItWas) {
  Page before(loop);
  follow(before, {});
  add(event("started", 1));
  before.is_gone = true;
  add(event("attached", 1));
  EXPECT_EQ(open, 0);
  SessionEvents::Wanted wanted;
  wanted.after = before.last_id();
  Page after(loop);
  follow(after, wanted);
  EXPECT_EQ(after.count("event: "), 0U) << "it was sent the last one before it was gone";
  add(event("ended", 1));
  EXPECT_EQ(after.count("event: ended\n"), 1U);
  EXPECT_EQ(after.count("missed"), 0U);
}

TEST_F(Events, WhatIsNotKeptAnyMoreIsSaidToBeMissed) {
  Page page(loop);
  follow(page, {});
  add(event("started", 1));
  const std::string early = page.last_id();
  for (std::size_t i = 0; i < SessionEvents::kKept + 1; ++i) {
    events.add(event("started", 2));
    if (i % 1000 == 0) settle();
  }
  settle();
  const std::string run = early.substr(0, early.find('-'));
  for (const std::string& after : {early, std::string("0123456789ab-1"), run + "-99999999",
                                   run + "-", run + "-1x", std::string("x")}) {
    SessionEvents::Wanted wanted;
    wanted.after = after;
    auto late = std::make_unique<Page>(loop);
    follow(*late, wanted);
    EXPECT_EQ(late->count("event: missed\n"), 1U) << after;
    EXPECT_EQ(late->count("event: started\n") + late->count("event: attached\n"),
              SessionEvents::kKept)
        << after << ": and all that is kept";
    late->is_gone = true;
    add(event("attached", 3));
  }
}

TEST_F(Events, TheStreamOfOneSessionEndsWithIt) {
  const WallTime began = clock.wall();
  add(event("started", 1));
  add(event("started", 2));
  Page page(loop);
  follow(page, one(1, began));
  EXPECT_EQ(page.count("event: started\n"), 1U) << "from its start";
  add(event("ending", 1));
  add(event("ended", 2));
  EXPECT_EQ(open, 1);
  add(event("ended", 1));
  EXPECT_EQ(open, 0);
  EXPECT_EQ(page.count("event: "), 3U) << page.text;
  Page again(loop);
  follow(again, one(1, began));
  EXPECT_EQ(again.text, page.text) << "all of it is still kept";
  EXPECT_EQ(open, 0);
}

TEST_F(Events, AnEarlierRunsSessionHasItsEndAndASignThatThereWasMore) {
  auto wanted = one(1, clock.wall() - std::chrono::hours(1));
  wanted.session->end = event("ended", 1);
  Page page(loop);
  follow(page, wanted);
  EXPECT_EQ(open, 0);
  EXPECT_EQ(page.count("event: missed\n"), 1U);
  EXPECT_EQ(page.count("event: ended\n"), 1U);
  EXPECT_EQ(page.count("id: "), 0U) << "nothing can be gone on with after it";
}

TEST_F(Events, WhoDoesNotKeepUpIsDroppedAndHoldsNobodyUp) {
  Page slow(loop);
  slow.is_held = true;
  follow(slow, {});
  Page quick(loop);
  follow(quick, {});
  for (std::size_t i = 0; i < SessionEvents::kKept + 1; ++i) {
    events.add(event("started", 2));
    if (i % 500 == 0) settle();
  }
  settle();
  EXPECT_EQ(quick.count("event: started\n"), SessionEvents::kKept + 1);
  EXPECT_EQ(open, 2);
  slow.free();
  settle();
  EXPECT_EQ(open, 1);
  EXPECT_EQ(slow.count("event: "), 0U) << "rather nothing than something with a hole";
}

TEST_F(Events, ThereIsAMostOfFollowers) {
  std::vector<SessionEvents::Stream> streams;
  for (std::size_t i = 0; i < SessionEvents::kMostFollowers; ++i) {
    auto stream = events.follow({});
    ASSERT_TRUE(stream);
    streams.push_back(std::move(*stream));
  }
  const auto refused = events.follow({});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().reason, "too_many_followers");
  streams.pop_back();
  EXPECT_TRUE(events.follow({})) << "one that never began makes room as well";
}

TEST_F(Events, ASilentStreamIsHeardFrom) {
  Page page(loop);
  follow(page, {});
  run_until([&] { return page.count("\n:\n") >= 2; });
  EXPECT_EQ(page.count("event: "), 0U);
  page.is_gone = true;
  run_until([&] { return open == 0; });
}

TEST_F(Events, EveryStreamEndsInOrder) {
  Page page(loop);
  follow(page, {});
  events.end();
  settle();
  EXPECT_EQ(open, 0);
  EXPECT_FALSE(events.follow({}));
}

}  // namespace
}  // namespace strongroom::api
