// Both ends of a real channel over a socket pair, on one loop. SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>
#include <sys/socket.h>

#include <cstdlib>
#include <map>
#include <new>
#include <set>

#include "crypto/crypto.h"
#include "io/net.h"
#include "lease/holder_side.h"
#include "lease/vault_side.h"

namespace strongroom::lease {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

PassHash pass_of(std::uint8_t fill) {
  PassHash hash{};
  hash.fill(fill);
  return hash;
}

/// A vault of ten lines: one key a pass, revoked or not.
class TinyVault final : public LeaseSource {
 public:
  VaultHello vault_hello(HolderRole) override { return {}; }
  Result<GrantedLease> open_by_pass(const PassHash& pass, std::string_view service) override {
    ++opened;
    const auto key = key_of(pass[0]);
    if (revoked.contains(key)) return fail(Code::Revoked, "This key was revoked.", "key_revoked");
    return make(key, std::string(service));
  }
  Result<std::vector<GrantedLease>> open_injected(SessionId) override {
    std::vector<GrantedLease> leases;
    leases.push_back(make(key_of(7), "github"));
    leases.push_back(make(key_of(8), "postgres"));
    return leases;
  }
  bool may_continue(SessionId, KeyId key) const override { return !revoked.contains(key); }
  std::uint64_t on_intents(std::span<const Use> batch, std::function<void()> durable) override {
    for (const auto& use : batch) uses.push_back(use);
    if (hold_back) {
      held.push_back(std::move(durable));
    } else {
      durable();
    }
    return uses.size() - batch.size() + 100;
  }
  void on_settled(std::span<const SettledUse> batch) override {
    settled.insert(settled.end(), batch.begin(), batch.end());
  }
  void on_finding(const Finding&) override { ++findings; }
  void on_verdict(const Observed&) override { ++verdicts; }
  void on_session_over(SessionId, std::int32_t) override { ++sessions_over; }
  void on_holder_lost(const HolderHello&, bool) override { ++lost; }
  void on_holder_gone(HolderId id) override { gone.insert(id); }
  void on_refusals(const Refusals& refusals) override { refused = refusals.counts; }
  SpentToday spent_by_others(PolicyId, HolderId holder) const override {
    return {20'000, 5, gone.contains(holder) ? 0U : spent};
  }

  static KeyId key_of(std::uint8_t fill) {
    IdBytes bytes{};
    bytes.fill(fill);
    return KeyId(bytes);
  }
  GrantedLease make(KeyId key, std::string service) {
    GrantedLease lease;
    lease.key = key;
    lease.session = SessionId(IdBytes{9});
    lease.service = std::move(service);
    lease.policies.resize(1);
    lease.policies[0].policy.concurrent = 3;
    lease.value = Secret(bytes_of("value"));
    return lease;
  }
  std::set<KeyId> revoked;
  std::vector<Use> uses;
  std::vector<SettledUse> settled;
  std::vector<std::function<void()>> held;
  std::set<HolderId> gone;
  std::vector<std::pair<std::string, std::uint32_t>> refused;
  std::uint64_t spent = 7;
  bool hold_back = false;
  int opened = 0, findings = 0, verdicts = 0, sessions_over = 0, lost = 0;
};

struct Carrier final : Attachment {
  void cut(std::string_view why) noexcept override { reason = why; }
  std::string reason;
};

class Link : public testing::Test {
 protected:
  Link() : loop(clock), side(loop, vault) {}

  std::unique_ptr<HolderLink> join(HolderRole role, HolderLink::Handlers handlers = {}) {
    const auto pair = io::socket_pair();
    EXPECT_TRUE(pair);
    auto ours = io::Stream::adopt(loop, pair->ours);
    auto theirs = io::Stream::adopt(loop, pair->theirs);
    EXPECT_TRUE(ours && theirs);
    const SessionId session = role == HolderRole::Runner ? SessionId(IdBytes{9}) : SessionId();
    side.serve(std::move(*ours), role, session);
    auto link = std::make_unique<HolderLink>(
        loop, HolderHello{kProtocol, role, 1, "holder", session}, std::move(handlers));
    link->connect(std::move(*theirs));
    return link;
  }
  /// Runs the loop until the coroutine is done, at most 20 s.
  void run(io::Task<void> story) {
    loop.spawn(finish(std::move(story)));
    loop.spawn(give_up());
    loop.run();
    ASSERT_TRUE(is_done);
  }
  io::Task<void> finish(io::Task<void> story) {
    co_await std::move(story);
    is_done = true;
    loop.stop();
  }
  io::Task<void> give_up() {
    co_await loop.sleep(seconds(20));
    loop.stop();
  }
  io::Task<void> until(std::function<bool()> is_so) {
    for (int i = 0; i < 5000 && !is_so(); ++i) co_await loop.sleep(milliseconds(1));
  }

  SystemClock clock;
  TinyVault vault;
  io::Loop loop;
  VaultSide side;
  bool is_done = false;
};

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

TEST_F(Link, IntentsAreBatchedAndAwaited) {
  auto link = join(HolderRole::Gateway);
  auto story = [&]() -> io::Task<void> {
    const auto lease = co_await link->lease_for(pass_of(1), "gemini");
    EXPECT_TRUE(lease);
    vault.hold_back = true;
    std::uint64_t last = 0;
    for (int i = 0; i < 100; ++i) last = link->intend(**lease, "host", "POST", "/path");
    co_await until([&] { return vault.uses.size() == 100; });
    EXPECT_EQ(vault.held.size(), 1U);  // one frame for the turn
    const Deadline soon = Deadline::after(clock, milliseconds(30));
    const auto early = co_await link->durable(last, soon);
    EXPECT_FALSE(early);
    vault.held.front()();
    const Deadline later = Deadline::after(clock, seconds(5));
    const auto in_time = co_await link->durable(last, later);
    EXPECT_TRUE(in_time);
    UseSettled settled;
    settled.sequence = last;
    settled.status = 200;
    link->settle(settled);
    co_await until([&] { return !vault.settled.empty(); });
    EXPECT_EQ(vault.settled.at(0).record, 199U);
    EXPECT_EQ(vault.uses.front().facts.service, "gemini");
  };
  run(story());
}

TEST_F(Link, AUseWhoseHolderIsGoneEndsAsUnknown) {
  auto link = join(HolderRole::Gateway);
  auto story = [&]() -> io::Task<void> {
    const auto lease = co_await link->lease_for(pass_of(1), "gemini");
    EXPECT_TRUE(lease);
    if (!lease) co_return;
    (void)link->intend(**lease, "host", "POST", "/one");
    const auto ended = link->intend(**lease, "host", "POST", "/two");
    (void)link->intend(**lease, "host", "POST", "/three");
    UseSettled settled;
    settled.sequence = ended;
    link->settle(settled);
    co_await until([&] { return vault.settled.size() == 1; });
    link.reset();
    co_await until([&] { return vault.lost == 1; });
    EXPECT_EQ(vault.settled.size(), 3U);
    if (vault.settled.size() != 3) co_return;
    EXPECT_EQ(vault.settled[1].record, 100U);
    EXPECT_EQ(vault.settled[2].record, 102U);
    for (const std::size_t at : {1U, 2U}) {
      EXPECT_EQ(vault.settled[at].settled.outcome, UseOutcome::Unknown);
      EXPECT_EQ(vault.settled[at].key, TinyVault::key_of(1));
    }
  };
  run(story());
}

TEST_F(Link, AUseOfALeaseThatIsLongOverIsRefusedAndTheOthersGoOn) {
  auto link = join(HolderRole::Gateway);
  auto story = [&]() -> io::Task<void> {
    const auto lease = co_await link->lease_for(pass_of(1), "gemini");
    EXPECT_TRUE(lease);
    if (!lease) co_return;
    // As if it had stood still: what is left of the lease is this holder's alone.
    Lease forgotten;
    const auto old = link->intend(forgotten, "host", "POST", "/old");
    const auto fine = link->intend(**lease, "host", "POST", "/fine");
    const Deadline later = Deadline::after(clock, seconds(5));
    const auto is_old_recorded = co_await link->durable(old, later);
    const auto is_fine_recorded = co_await link->durable(fine, later);
    EXPECT_FALSE(is_old_recorded);
    if (!is_old_recorded) EXPECT_EQ(is_old_recorded.error().code, Code::Unavailable);
    EXPECT_FALSE(link->is_durable(old));
    EXPECT_TRUE(is_fine_recorded);
    EXPECT_TRUE(link->is_connected());
    EXPECT_EQ(vault.uses.size(), 1U);
    link->settle({fine, 200, 1, 2, 3, UseOutcome::Completed, {}, 0});
    co_await until([&] { return !vault.settled.empty(); });
    EXPECT_EQ(vault.settled.at(0).record, 100U);
  };
  run(story());
}

TEST_F(Link, WhatWasRecordedStaysSoHoweverOftenTheChannelIsLost) {
  auto link = join(HolderRole::Runner);
  const auto use_and_wait = [&](bool is_kept) -> io::Task<std::uint64_t> {
    const auto leases = co_await link->leases_of_session(SessionId(IdBytes{9}));
    EXPECT_TRUE(leases && !leases->empty());
    if (!leases || leases->empty()) co_return 0;
    vault.hold_back = !is_kept;
    const auto before = vault.uses.size();
    const auto sequence =
        link->intend(*link->holder().find(leases->front()), "host", "SSH", "user");
    co_await until([&] { return vault.uses.size() > before; });
    if (is_kept) co_await until([&] { return link->is_durable(sequence); });
    co_return sequence;
  };
  const auto lose_and_come_back = [&]() -> io::Task<void> {
    const int before = vault.lost;
    side.on_supervisor_report(SessionId(IdBytes{9}), "test", {});
    co_await until([&] { return vault.lost > before && !link->is_connected(); });
    const auto pair = io::socket_pair();
    side.serve(std::move(*io::Stream::adopt(loop, pair->ours)), HolderRole::Runner,
               SessionId(IdBytes{9}));
    link->connect(std::move(*io::Stream::adopt(loop, pair->theirs)));
  };
  auto story = [&]() -> io::Task<void> {
    const auto first = co_await use_and_wait(true);
    const auto lost = co_await use_and_wait(false);
    co_await lose_and_come_back();
    const auto second = co_await use_and_wait(true);
    co_await lose_and_come_back();
    EXPECT_TRUE(link->is_durable(first));
    EXPECT_FALSE(link->is_durable(lost));
    EXPECT_TRUE(link->is_durable(second)) << "it was recorded between the two";
  };
  run(story());
}

TEST(SequenceGaps, AreJoinedWhereTheyTouchAndCoverMoreRatherThanLessWhereThereAreTooMany) {
  SequenceGaps gaps;
  gaps.add(5, 4);
  EXPECT_FALSE(gaps.covers(4) || gaps.covers(5));
  gaps.add(10, 12);
  gaps.add(20, 20);
  gaps.add(13, 14);
  gaps.add(2, 3);
  for (const auto in : {2U, 3U, 10U, 12U, 13U, 14U, 20U}) EXPECT_TRUE(gaps.covers(in)) << in;
  for (const auto out : {1U, 4U, 9U, 15U, 19U, 21U}) EXPECT_FALSE(gaps.covers(out)) << out;
  gaps.add(4, 19);
  EXPECT_TRUE(gaps.covers(9) && gaps.covers(19) && !gaps.covers(1) && !gaps.covers(21));
  for (std::uint64_t at = 100; at < 100 + 4 * SequenceGaps::kMost; at += 2) gaps.add(at, at);
  for (std::uint64_t at = 100; at < 100 + 4 * SequenceGaps::kMost; at += 2)
    EXPECT_TRUE(gaps.covers(at)) << at;
  EXPECT_FALSE(gaps.covers(99 + 4 * SequenceGaps::kMost));
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
