// What a holder tells of uses, over a real channel. SPDX-License-Identifier: Apache-2.0
#include "lease/link_for_test.h"

namespace strongroom::lease {
namespace {

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
    const Deadline later = Deadline::after(clock, seconds(60));
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
    const Deadline later = Deadline::after(clock, seconds(60));
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

}  // namespace
}  // namespace strongroom::lease
