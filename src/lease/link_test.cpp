// Leases over a real channel. SPDX-License-Identifier: Apache-2.0
#include <sys/socket.h>
#include <unistd.h>
#include <map>

#include "lease/link_for_test.h"

namespace strongroom::lease {
namespace {

TEST_F(Link, ALeaseIsGrantedOnceAndRenewed) {
  auto link = join(HolderRole::Gateway);
  auto story = [&]() -> io::Task<void> {
    const auto lease = co_await link->lease_for(pass_of(1), "gemini");
    EXPECT_TRUE(lease);
    if (!lease) co_return;
    EXPECT_TRUE((*lease)->granted().value.equals(Secret(bytes_of("value"))));
    co_await loop.sleep(milliseconds(2500));  // longer than a lease lives
    EXPECT_NE(link->cached_lease(pass_of(1), "gemini"), nullptr);
    EXPECT_EQ(vault.opened, 1);
    EXPECT_EQ(link->cached_lease(pass_of(1), "openai"), nullptr);  // good for one service
  };
  run(story());
}

TEST_F(Link, N7_policies_come_with_the_lease_and_what_others_spent_comes_after) {
  std::vector<SpentByOthers> told;
  HolderLink::Handlers handlers;
  handlers.on_spent = [&](const SpentByOthers& spent) { told.push_back(spent); };
  auto link = join(HolderRole::Gateway, std::move(handlers));
  auto story = [&]() -> io::Task<void> {
    const auto lease = co_await link->lease_for(pass_of(1), "gemini");
    EXPECT_TRUE(lease);
    if (!lease) co_return;
    const auto& granted = (*lease)->granted().policies.at(0);
    EXPECT_EQ(granted.policy.concurrent + granted.by_others.units, 3U + 7U);
    const auto sequence = link->intend(**lease, "host", "GET", "/");
    link->settle({sequence, 200, 1, 2, 3, UseOutcome::Completed, "tokens", 4});
    link->report(Refusals{{{"rate_limited", 2}}});
    co_await until([&] { return !vault.settled.empty() && !vault.refused.empty(); });
    EXPECT_EQ(vault.settled.at(0).key, TinyVault::key_of(1));
    EXPECT_EQ(vault.settled.at(0).settled.units, 4U);
    EXPECT_EQ(vault.refused.at(0).first, "rate_limited");
    vault.spent = 9;
    const PolicyId policy(IdBytes{1});
    side.share_spending(std::span(&policy, 1));
    co_await until([&] { return !told.empty(); });
    EXPECT_EQ(told.at(0).entries.at(0).policy, policy);
    EXPECT_EQ(told.at(0).entries.at(0).spent.units, 9U);
    const HolderId holder = vault.settled.at(0).holder;
    link.reset();
    co_await until([&] { return !vault.gone.empty(); });
    EXPECT_TRUE(vault.gone.contains(holder));
  };
  run(story());
}

TEST_F(Link, WaitersOfOnePassShareOneAcquire) {
  auto link = join(HolderRole::Gateway);
  int done = 0;
  auto ask = [&]() -> io::Task<void> {
    const auto lease = co_await link->lease_for(pass_of(1), "gemini");
    EXPECT_TRUE(lease);
    ++done;
  };
  for (int i = 0; i < 50; ++i) loop.spawn(ask());
  run(until([&] { return done == 50; }));
  EXPECT_EQ(done, 50);
  EXPECT_EQ(vault.opened, 1);
}

TEST_F(Link, AFenceCutsAndIsAcknowledged) {
  auto link = join(HolderRole::Gateway);
  auto other = join(HolderRole::Gateway);
  Carrier carrier;
  auto story = [&]() -> io::Task<void> {
    const auto lease = co_await link->lease_for(pass_of(1), "gemini");
    EXPECT_TRUE(lease && carrier.attach(**lease));
    vault.revoked.insert(TinyVault::key_of(1));
    const auto began = clock.steady();
    const IdBytes id = TinyVault::key_of(1).bytes();
    const auto outcomes =
        co_await side.fence(vault::FenceKind::Key, id, "key_revoked", milliseconds(0));
    EXPECT_LT(clock.steady() - began, milliseconds(500));
    EXPECT_EQ(carrier.reason, "key_revoked");
    EXPECT_EQ(carrier.lease(), nullptr);
    EXPECT_EQ(outcomes.size(), 2U);
    std::map<std::string, std::uint32_t> seen;
    for (const auto& outcome : outcomes) seen[outcome.how] = outcome.connections_closed;
    EXPECT_EQ(seen.at("acknowledged"), 1U);
    EXPECT_EQ(seen.at("held_nothing"), 0U);
    const auto again = co_await link->lease_for(pass_of(1), "gemini");
    EXPECT_FALSE(again);
    if (!again) EXPECT_EQ(again.error().reason, "key_revoked");
  };
  run(story());
}

TEST_F(Link, AHolderThatIsGoneIsWaitedForUntilItsLeaseHasRunOut) {
  auto link = join(HolderRole::Gateway);
  auto story = [&]() -> io::Task<void> {
    const auto lease = co_await link->lease_for(pass_of(1), "gemini");
    EXPECT_TRUE(lease);
    const auto granted = clock.steady();
    link.reset();
    co_await until([&] { return vault.lost == 1; });
    vault.revoked.insert(TinyVault::key_of(1));
    const IdBytes id = TinyVault::key_of(1).bytes();
    const auto outcomes =
        co_await side.fence(vault::FenceKind::Key, id, "key_revoked", milliseconds(0));
    EXPECT_EQ(outcomes.size(), 1U);
    if (!outcomes.empty()) EXPECT_EQ(outcomes.front().how, "lease_ran_out");
    EXPECT_GE(clock.steady() - granted, milliseconds(2400));
    EXPECT_LT(clock.steady() - granted, milliseconds(3500));
  };
  run(story());
}

TEST_F(Link, ARefreshIsAnsweredOnceNoUseBeginsWithWhatWasGrantedBefore) {
  auto link = join(HolderRole::Gateway);
  auto other = join(HolderRole::Gateway);
  Carrier carrier;
  auto story = [&]() -> io::Task<void> {
    const auto lease = co_await link->lease_for(pass_of(1), "gemini");
    EXPECT_TRUE(lease && carrier.attach(**lease));
    EXPECT_NE(link->cached_lease(pass_of(1), "gemini"), nullptr);
    const auto began = clock.steady();
    std::vector<KeyId> keys{TinyVault::key_of(2), TinyVault::key_of(1)};
    co_await side.refresh_all(std::move(keys));
    EXPECT_LT(clock.steady() - began, milliseconds(1000));
    EXPECT_EQ(link->cached_lease(pass_of(1), "gemini"), nullptr);
    EXPECT_TRUE(carrier.is_usable(clock.steady())) << "what is under way goes on";
    const auto again = co_await link->lease_for(pass_of(1), "gemini");
    EXPECT_TRUE(again);
    EXPECT_EQ(vault.opened, 2);
  };
  run(story());
}

TEST_F(Link, ARefreshWaitsForTheLeasesOfAHolderThatIsGone) {
  auto link = join(HolderRole::Gateway);
  auto story = [&]() -> io::Task<void> {
    const auto lease = co_await link->lease_for(pass_of(1), "gemini");
    EXPECT_TRUE(lease);
    const auto granted = clock.steady();
    link.reset();
    co_await until([&] { return vault.lost == 1; });
    std::vector<KeyId> keys{TinyVault::key_of(1)};
    co_await side.refresh_all(std::move(keys));
    EXPECT_GE(clock.steady() - granted, milliseconds(2400));
  };
  run(story());
}

TEST_F(Link, WithoutTheVaultLeasesRunOut) {
  auto link = join(HolderRole::Gateway);
  Carrier carrier;
  auto story = [&]() -> io::Task<void> {
    const auto lease = co_await link->lease_for(pass_of(1), "gemini");
    EXPECT_TRUE(lease && carrier.attach(**lease));
    const Deadline soon = Deadline::after(clock, seconds(1));
    co_await link->close(soon);
    EXPECT_TRUE(carrier.is_usable(clock.steady()));
    co_await until([&] { return !carrier.reason.empty(); });
    EXPECT_EQ(carrier.reason, "lease_expired");
    const auto again = co_await link->lease_for(pass_of(1), "gemini");
    EXPECT_FALSE(again);
    if (!again) EXPECT_EQ(again.error().code, Code::Unavailable);
  };
  run(story());
}

TEST_F(Link, ARunnerGetsItsSessionAndAnswersForItsProcesses) {
  HolderLink::Handlers handlers;
  handlers.end_processes = [](Fence) -> io::Task<std::vector<ProcessOutcome>> {
    std::vector<ProcessOutcome> ended;
    ended.push_back({77, "psql", true});
    co_return ended;
  };
  auto link = join(HolderRole::Runner, std::move(handlers));
  auto story = [&]() -> io::Task<void> {
    const auto leases = co_await link->leases_of_session(SessionId(IdBytes{9}));
    EXPECT_TRUE(leases && leases->size() == 2);
    if (!leases) co_return;
    Lease* first = link->holder().find(leases->front());
    EXPECT_EQ(first->take_value().size(), 5U);
    const IdBytes id = TinyVault::key_of(8).bytes();
    const auto outcomes =
        co_await side.fence(vault::FenceKind::Key, id, "key_revoked", milliseconds(100));
    EXPECT_EQ(outcomes.size(), 1U);
    EXPECT_EQ(outcomes.front().processes.size(), 1U);
    EXPECT_TRUE(outcomes.front().processes.front().is_dead);
    link->session_over(SessionId(IdBytes{9}), 0);
    co_await until([&] { return vault.sessions_over == 1; });
    EXPECT_EQ(vault.sessions_over, 1);
  };
  run(story());
}

TEST_F(Link, ASecondRunnerOfASessionIsTurnedAwayAndTheFirstGoesOn) {
  auto first = join(HolderRole::Runner);
  bool is_turned_away = false;
  HolderLink::Handlers handlers;
  handlers.on_channel_lost = [&](const std::string&) { is_turned_away = true; };
  std::unique_ptr<HolderLink> second;
  auto story = [&]() -> io::Task<void> {
    co_await until([&] { return side.has_runner(SessionId(IdBytes{9})); });
    second = join(HolderRole::Runner, std::move(handlers));
    co_await until([&] { return is_turned_away; });
    EXPECT_TRUE(is_turned_away);
    const auto leases = co_await first->leases_of_session(SessionId(IdBytes{9}));
    EXPECT_TRUE(leases && leases->size() == 2);
    EXPECT_EQ(vault.lost, 0) << "who was not admitted ends no session";
  };
  run(story());
}

TEST_F(Link, ARunnerIsWaitedForEvenWhenItsLeasesAreGone) {
  int ended = 0;
  HolderLink::Handlers handlers;
  handlers.end_processes = [&](Fence) -> io::Task<std::vector<ProcessOutcome>> {
    co_await loop.sleep(milliseconds(100));
    ++ended;
    co_return std::vector<ProcessOutcome>();
  };
  auto link = join(HolderRole::Runner, std::move(handlers));
  auto story = [&]() -> io::Task<void> {
    const auto leases = co_await link->leases_of_session(SessionId(IdBytes{9}));
    EXPECT_TRUE(leases && side.has_runner(SessionId(IdBytes{9})));
    if (!leases) co_return;
    for (const auto& lease : *leases) link->holder().release(lease);
    co_await until([&] { return side.lease_count() == 0; });
    const IdBytes id = TinyVault::key_of(8).bytes();
    const auto outcomes =
        co_await side.fence(vault::FenceKind::Key, id, "key_revoked", milliseconds(100));
    EXPECT_EQ(ended, 1);
    EXPECT_EQ(outcomes.size(), 1U);
  };
  run(story());
}

/// A runner that leaves in order has said all before the vault, which has not read it yet, fails to
/// tell it of a fence.
TEST_F(Link, TheLastWordsOfWhoTakesNothingAnyMoreAreRead) {
  const auto pair = io::socket_pair();
  ASSERT_TRUE(pair);
  const SessionId session(IdBytes{9});
  auto ours = io::Stream::adopt(loop, pair->ours);
  ASSERT_TRUE(ours);
  side.serve(std::move(*ours), HolderRole::Runner, session);
  const auto say = [&](const Message& message) {
    ByteVector frame;
    encode(message, frame);
    EXPECT_EQ(::send(pair->theirs, frame.data(), frame.size(), 0),
              static_cast<ssize_t>(frame.size()));
  };
  auto story = [&]() -> io::Task<void> {
    say(HolderHello{kProtocol, HolderRole::Runner, 1, "runner", session});
    co_await until([&] { return side.has_runner(session); });
    say(SessionOver{session, 0});
    ::close(pair->theirs);
    const IdBytes id = session.bytes();
    const auto outcomes =
        co_await side.fence(vault::FenceKind::Session, id, "session_ended", milliseconds(100));
    EXPECT_EQ(outcomes.size(), 1U);
    for (const auto& each : outcomes) EXPECT_EQ(each.how, "acknowledged");
    EXPECT_EQ(vault.sessions_over, 1);
  };
  run(story());
}

TEST_F(Link, ACheckIsMadeUnderAConfirmedLease) {
  HolderLink::Handlers handlers;
  HolderLink* raw = nullptr;
  handlers.check_key = [&](LeaseId id) -> io::Task<CheckDone> {
    Lease* lease = raw->holder().find(id);
    CheckDone done;
    done.verdict =
        lease != nullptr && lease->is_usable(clock.steady()) ? Verdict::Accepted : Verdict::Unknown;
    done.status = 200;
    co_return done;
  };
  auto link = join(HolderRole::Gateway, std::move(handlers));
  raw = link.get();
  auto story = [&]() -> io::Task<void> {
    co_await until([&] { return side.holder_count(HolderRole::Gateway) == 1; });
    auto lease = std::make_unique<GrantedLease>(vault.make(TinyVault::key_of(3), "gemini"));
    const auto done = co_await side.check_key(std::move(lease));
    EXPECT_TRUE(done);
    if (done) EXPECT_EQ(done->verdict, Verdict::Accepted);
    co_await until([&] { return side.lease_count() == 0; });
    EXPECT_EQ(side.lease_count(), 0U);  // released after the check
  };
  run(story());
}

TEST_F(Link, WhoSaysNonsenseIsCutOff) {
  const auto pair = io::socket_pair();
  ASSERT_TRUE(pair);
  auto ours = io::Stream::adopt(loop, pair->ours);
  auto theirs = io::Stream::adopt(loop, pair->theirs);
  side.serve(std::move(*ours), HolderRole::Gateway);
  auto story = [&]() -> io::Task<void> {
    const ByteVector nonsense{0xff, 0xff, 0xff, 0xff, 1, 2, 3};
    static_cast<void>(co_await theirs->write_all(nonsense));
    ByteVector buffer(16);
    const MutableBytes room(buffer);
    const auto got = co_await theirs->read_some(room);
    EXPECT_TRUE(!got || *got == 0);
  };
  run(story());
}

TEST_F(Link, ARunnerMayNotAskByPassNorForAnotherSession) {
  auto link = join(HolderRole::Runner);
  auto story = [&]() -> io::Task<void> {
    const auto leases = co_await link->leases_of_session(SessionId(IdBytes{5}));
    EXPECT_FALSE(leases);
    co_await until([&] { return !link->is_connected(); });
    EXPECT_FALSE(link->is_connected());
    EXPECT_EQ(vault.opened, 0);
  };
  run(story());
}

}  // namespace
}  // namespace strongroom::lease
