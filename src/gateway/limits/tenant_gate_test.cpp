// SPDX-License-Identifier: Apache-2.0
#include "gateway/limits/tenant_gate.h"

#include <gtest/gtest.h>

#include <memory>
#include <random>
#include <vector>

namespace strongroom::gateway {
namespace {

const TenantId kAcme(IdBytes{1});
const TenantId kGlobex(IdBytes{2});

TEST(TenantGate, N8_one_tenant_leaves_the_others_their_places) {
  TenantGate gate(2, 1);
  std::vector<std::unique_ptr<TenantGate::Turn>> greedy;
  for (int i = 0; i < 50; ++i) {
    greedy.push_back(std::make_unique<TenantGate::Turn>());
    const bool is_inside = gate.enter(kAcme, *greedy.back());
    EXPECT_EQ(is_inside, i < 2);
    if (!is_inside) EXPECT_EQ(gate.wait(kAcme, *greedy.back(), [] {}), i == 2);
  }
  TenantGate::Turn first;
  TenantGate::Turn second;
  EXPECT_TRUE(gate.enter(kGlobex, first));
  EXPECT_TRUE(gate.enter(kGlobex, second));
  EXPECT_EQ(gate.inside(kAcme), 2U);
}

TEST(TenantGate, turns_come_in_order) {
  TenantGate gate(1, 10);
  TenantGate::Turn inside;
  ASSERT_TRUE(gate.enter(kAcme, inside));
  std::vector<int> order;
  std::array<TenantGate::Turn, 3> waiting;
  for (int i = 0; i < 3; ++i)
    ASSERT_TRUE(gate.wait(kAcme, waiting[static_cast<std::size_t>(i)],
                          [&order, i] { order.push_back(i); }));
  TenantGate::Turn late;
  inside.leave();
  EXPECT_EQ(order, (std::vector<int>{0}));
  EXPECT_TRUE(waiting[0].is_inside());
  EXPECT_FALSE(gate.enter(kAcme, late)) << "nobody passes the queue";
  waiting[1].leave();  // gave up
  waiting[0].leave();
  EXPECT_EQ(order, (std::vector<int>{0, 2}));
  waiting[2].leave();
  waiting[2].leave();
  EXPECT_EQ(gate.inside(kAcme), 0U);
  EXPECT_TRUE(gate.enter(kAcme, late));
  EXPECT_TRUE(gate.enter(kAcme, late)) << "entering anew leaves the place it had";
  EXPECT_EQ(gate.inside(kAcme), 1U);
}

TEST(TenantGate, N8_who_gives_up_lets_those_behind_in) {
  TenantGate gate(1, 10);
  TenantGate::Turn one;
  TenantGate::Turn first;
  TenantGate::Turn late;
  ASSERT_TRUE(gate.enter(kAcme, one));
  ASSERT_TRUE(gate.wait(kAcme, first, [] {}));
  ASSERT_TRUE(gate.wait(kAcme, late, [] {}));
  first.leave();
  EXPECT_FALSE(late.is_inside());
  one.leave();
  EXPECT_TRUE(late.is_inside());
}

TEST(TenantGate, whoever_is_called_may_leave_at_once) {
  TenantGate gate(1, 10);
  auto inside = std::make_unique<TenantGate::Turn>();
  ASSERT_TRUE(gate.enter(kAcme, *inside));
  std::array<TenantGate::Turn, 3> waiting;
  int called = 0;
  for (auto& turn : waiting)
    ASSERT_TRUE(gate.wait(kAcme, turn, [&] {
      ++called;
      turn.leave();
    }));
  inside.reset();
  EXPECT_EQ(called, 3);
  EXPECT_EQ(gate.inside(kAcme), 0U);
}

TEST(TenantGate, N8_never_more_inside_and_never_a_place_lost) {
  constexpr std::size_t kMost = 3;
  TenantGate gate(kMost, 5);
  std::mt19937 random(5);
  std::array<TenantGate::Turn, 24> turns;
  for (int step = 0; step < 100'000; ++step) {
    auto& turn = turns[random() % turns.size()];
    const TenantId tenant = random() % 2 == 0 ? kAcme : kGlobex;
    if (random() % 3 == 0) {
      turn.leave();
    } else if (!gate.enter(tenant, turn)) {
      (void)gate.wait(tenant, turn, [] {});
    }
    ASSERT_LE(gate.inside(kAcme), kMost);
    ASSERT_LE(gate.inside(kGlobex), kMost);
    std::size_t inside = 0;
    for (const auto& each : turns) inside += each.is_inside() ? 1 : 0;
    ASSERT_EQ(inside, gate.inside(kAcme) + gate.inside(kGlobex));
  }
  for (auto& turn : turns) turn.leave();
  EXPECT_EQ(gate.inside(kAcme) + gate.inside(kGlobex), 0U);
}

TEST(TenantGate, tenants_that_are_gone_are_forgotten_in_the_end) {
  TenantGate gate(1, 1);
  TenantGate::Turn kept;
  ASSERT_TRUE(gate.enter(kAcme, kept));
  for (std::uint32_t i = 0; i < 20'000; ++i) {
    IdBytes bytes{9};
    std::memcpy(bytes.data() + 1, &i, sizeof(i));
    TenantGate::Turn turn;
    ASSERT_TRUE(gate.enter(TenantId(bytes), turn));
  }
  EXPECT_LT(gate.tenant_count(), 5000U);
  EXPECT_EQ(gate.inside(kAcme), 1U);
}

}  // namespace
}  // namespace strongroom::gateway
