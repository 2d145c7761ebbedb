// SPDX-License-Identifier: Apache-2.0
#include "gateway/limits/quotas.h"

#include <gtest/gtest.h>

#include <vector>

namespace strongroom::gateway {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

struct Stream final : Metered {
  [[nodiscard]] std::uint64_t octets_so_far() const noexcept override { return octets; }
  void end_over_limit(const Excess& excess) noexcept override {
    ended.push_back(excess);
    if (use != nullptr) use->end({octets, {}, 0});
  }
  std::uint64_t octets = 0;
  std::vector<Excess> ended;
  Quotas::Use* use = nullptr;
};

class QuotasTest : public testing::Test {
 protected:
  lease::GrantedPolicy policy(std::uint8_t id, lease::PolicyScope scope = lease::PolicyScope::Key) {
    lease::GrantedPolicy out;
    out.id = PolicyId(IdBytes{id});
    out.scope = scope;
    out.by_others.day = day();
    return out;
  }
  [[nodiscard]] std::int64_t day() const {
    return std::chrono::floor<std::chrono::days>(clock.wall()).time_since_epoch().count();
  }
  std::optional<Excess> begin(const std::vector<lease::GrantedPolicy>& policies, Quotas::Use& use) {
    return quotas.begin(policies, stream, use);
  }
  /// Begins and ends one; its cost is counted.
  std::optional<Excess> once(const std::vector<lease::GrantedPolicy>& policies,
                             const Quotas::Cost& cost = {}) {
    Quotas::Use use;
    const auto excess = begin(policies, use);
    use.end(cost);
    return excess;
  }

  ManualClock clock;
  Quotas quotas{clock};
  Stream stream;
};

TEST(TokenBucket, lets_a_minutes_worth_through_and_then_its_share) {
  ManualClock clock;
  TokenBucket bucket;
  for (int i = 0; i < 6; ++i) {
    ASSERT_EQ(bucket.wait(6, clock.steady()), Duration(0)) << i;
    bucket.take(6, clock.steady());
  }
  EXPECT_EQ(bucket.wait(6, clock.steady()), seconds(10));
  clock.advance(seconds(9));
  EXPECT_EQ(bucket.wait(6, clock.steady()), seconds(1));
  clock.advance(seconds(1));
  EXPECT_EQ(bucket.wait(6, clock.steady()), Duration(0));
  bucket.take(6, clock.steady());
  EXPECT_EQ(bucket.wait(6, clock.steady()), seconds(10));
  clock.advance(hours(5));
  int passed = 0;
  for (; bucket.wait(6, clock.steady()) == Duration(0); ++passed) bucket.take(6, clock.steady());
  EXPECT_EQ(passed, 6) << "a long pause is worth no more than a minute";
}

TEST(TokenBucket, never_lets_more_through_than_said) {
  for (const std::uint32_t rate : {1U, 7U, 60U, 1000U, 1'000'000U}) {
    ManualClock clock;
    TokenBucket bucket;
    std::uint64_t passed = 0;
    for (int step = 0; step < 4000; ++step) {
      for (; bucket.wait(rate, clock.steady()) == Duration(0); ++passed)
        bucket.take(rate, clock.steady());
      if (rate == 1'000'000U && step > 40) break;
      clock.advance(milliseconds(137));
    }
    const auto gone = clock.steady() - ManualClock().steady();
    const auto most = rate + static_cast<double>(rate) * static_cast<double>(gone.count()) / 6e10;
    EXPECT_LE(static_cast<double>(passed), most) << rate;
    EXPECT_GE(static_cast<double>(passed), 0.99 * most - 1) << rate;
  }
}

TEST_F(QuotasTest, without_policies_nothing_is_counted) {
  Quotas::Use use;
  EXPECT_FALSE(begin({}, use));
  EXPECT_FALSE(use.is_open());
  EXPECT_EQ(quotas.meter_count(), 0U);
}

TEST_F(QuotasTest, requests_a_minute_are_shared_by_all_leases_of_a_policy) {
  auto limited = policy(1);
  limited.policy.requests_per_minute = 2;
  EXPECT_FALSE(once({limited}));
  EXPECT_FALSE(once({limited}));
  const auto excess = once({limited});
  ASSERT_TRUE(excess);
  EXPECT_EQ(excess->what, Excess::What::Rate);
  EXPECT_EQ(excess->scope, lease::PolicyScope::Key);
  EXPECT_EQ(excess->retry_after, seconds(30));
  auto other = policy(2);
  other.policy.requests_per_minute = 2;
  EXPECT_FALSE(once({other})) << "another policy, other counters";
  clock.advance(seconds(30));
  EXPECT_FALSE(once({limited}));
  limited.policy.requests_per_minute = 60;
  clock.advance(seconds(1));
  EXPECT_FALSE(once({limited})) << "a change holds at once";
}

TEST_F(QuotasTest, what_one_limit_refuses_costs_nothing_of_another) {
  auto tenant = policy(1, lease::PolicyScope::Tenant);
  tenant.policy.requests_per_minute = 10;
  auto key = policy(2);
  key.policy.requests_per_minute = 1;
  EXPECT_FALSE(once({tenant, key}));
  for (int i = 0; i < 20; ++i) {
    const auto excess = once({tenant, key});
    ASSERT_TRUE(excess);
    EXPECT_EQ(excess->scope, lease::PolicyScope::Key);
  }
  for (int i = 0; i < 9; ++i) EXPECT_FALSE(once({tenant})) << i;
  EXPECT_EQ(once({tenant})->scope, lease::PolicyScope::Tenant);
}

TEST_F(QuotasTest, the_longest_wait_is_answered) {
  auto tenant = policy(1, lease::PolicyScope::Tenant);
  tenant.policy.requests_per_minute = 1;
  auto key = policy(2);
  key.policy.bytes_per_day = 10;
  EXPECT_FALSE(once({tenant, key}, {10, {}, 0}));
  const auto excess = once({tenant, key});
  ASSERT_TRUE(excess);
  EXPECT_EQ(excess->what, Excess::What::Bytes);
  auto one = policy(3);
  one.policy.requests_per_minute = 2;
  one.policy.concurrent = 1;
  Quotas::Use first;
  EXPECT_FALSE(begin({one}, first));
  Quotas::Use second;
  EXPECT_EQ(begin({one}, second)->what, Excess::What::Concurrent);
  first.end({});
  EXPECT_FALSE(begin({one}, first));
  EXPECT_EQ(begin({one}, second)->what, Excess::What::Rate) << "of one policy, too";
}

TEST_F(QuotasTest, so_many_at_once_and_no_more) {
  auto limited = policy(1);
  limited.policy.concurrent = 2;
  Quotas::Use first;
  EXPECT_FALSE(begin({limited}, first));
  {
    Quotas::Use second;
    Quotas::Use third;
    EXPECT_FALSE(begin({limited}, second));
    const auto excess = begin({limited}, third);
    ASSERT_TRUE(excess);
    EXPECT_EQ(excess->what, Excess::What::Concurrent);
    EXPECT_GT(excess->retry_after, Duration(0));
    EXPECT_FALSE(third.is_open());
  }
  Quotas::Use fourth;
  EXPECT_FALSE(begin({limited}, fourth)) << "a use that is destroyed is over";
  EXPECT_TRUE(once({limited}));
  first.end({});
  first.end({});
  EXPECT_FALSE(once({limited})) << "an end counts once";
  EXPECT_FALSE(begin({limited}, fourth)) << "begun anew, the earlier one is over";
}

TEST_F(QuotasTest, octets_of_a_day) {
  auto limited = policy(1);
  limited.policy.bytes_per_day = 100;
  EXPECT_FALSE(once({limited}, {99, {}, 0}));
  EXPECT_FALSE(once({limited}, {50, {}, 0}));
  const auto excess = once({limited});
  ASSERT_TRUE(excess);
  EXPECT_EQ(excess->what, Excess::What::Bytes);
  EXPECT_GT(excess->retry_after, Duration(0));
  EXPECT_LE(excess->retry_after, hours(24));
  clock.advance(excess->retry_after);
  EXPECT_FALSE(once({limited})) << "midnight has gone by";
}

TEST_F(QuotasTest, N7_a_stream_is_ended_when_the_days_octets_are_spent) {
  auto limited = policy(1);
  limited.policy.bytes_per_day = 1000;
  Quotas::Use use;
  stream.use = &use;
  EXPECT_FALSE(begin({limited}, use));
  stream.octets = 900;
  quotas.tick();
  EXPECT_TRUE(stream.ended.empty());
  stream.octets = 1100;
  quotas.tick();
  ASSERT_EQ(stream.ended.size(), 1U);
  EXPECT_EQ(stream.ended[0].what, Excess::What::Bytes);
  quotas.tick();
  EXPECT_EQ(stream.ended.size(), 1U);
  EXPECT_TRUE(once({limited}));
}

TEST_F(QuotasTest, N7_all_streams_of_a_spent_policy_are_ended_even_if_one_ends_another) {
  auto limited = policy(1);
  limited.policy.bytes_per_day = 1000;
  std::array<Stream, 3> streams;
  std::array<Quotas::Use, 3> uses;
  for (std::size_t i = 0; i < 3; ++i) {
    streams[i].octets = 400;
    streams[i].use = &uses[(i + 1) % 3];  // ending one ends its neighbour
    ASSERT_FALSE(quotas.begin({&limited, 1}, streams[i], uses[i]));
  }
  quotas.tick();
  for (auto& use : uses) use.end({400, {}, 0});
  EXPECT_TRUE(once({limited}));
  stream.octets = 0;
}

TEST_F(QuotasTest, a_use_pays_for_its_octets_once) {
  auto limited = policy(1);
  limited.policy.bytes_per_day = 1000;
  Quotas::Use use;
  EXPECT_FALSE(begin({limited}, use));
  stream.octets = 600;
  quotas.tick();
  use.end({700, {}, 0});
  EXPECT_FALSE(once({limited}, {299, {}, 0}));
  EXPECT_FALSE(once({limited}, {1, {}, 0})) << "700 and 299 are not yet 1000";
  EXPECT_TRUE(once({limited}));
}

TEST_F(QuotasTest, a_budget_counts_its_own_unit) {
  auto limited = policy(1);
  limited.policy.budget = {"tokens", 100};
  EXPECT_FALSE(once({limited}, {0, "characters", 1000}));
  EXPECT_FALSE(once({limited}, {0, "tokens", 99}));
  EXPECT_FALSE(once({limited}, {0, "tokens", 5}));
  const auto excess = once({limited});
  ASSERT_TRUE(excess);
  EXPECT_EQ(excess->what, Excess::What::Budget);
  clock.advance(hours(24));
  EXPECT_FALSE(once({limited}));
}

TEST_F(QuotasTest, another_unit_begins_at_nothing) {
  auto limited = policy(1, lease::PolicyScope::Tenant);
  limited.policy.budget = {"tokens", 100};
  limited.by_others.units = 50;
  EXPECT_FALSE(once({limited}, {0, "tokens", 60}));
  EXPECT_TRUE(once({limited}));
  limited.policy.budget = {"characters", 100};
  limited.by_others.units = 0;
  EXPECT_FALSE(once({limited}, {0, "characters", 99}));
  EXPECT_FALSE(once({limited}));
}

TEST_F(QuotasTest, N7_uses_under_way_are_reckoned_with) {
  auto limited = policy(1);
  limited.policy.budget = {"tokens", 1000};
  EXPECT_FALSE(once({limited}, {0, "tokens", 100}));
  std::array<Quotas::Use, 20> uses;
  int begun = 0;
  std::optional<Excess> refused;
  for (auto& use : uses) {
    refused = begin({limited}, use);
    if (refused) break;
    ++begun;
  }
  // 900 are left; each is likely to take 100 as the one before did.
  EXPECT_EQ(begun, 9);
  ASSERT_TRUE(refused);
  EXPECT_EQ(refused->what, Excess::What::Budget);
  EXPECT_EQ(refused->retry_after, seconds(1)) << "they may come to less";
  for (auto& use : uses) use.end({0, "tokens", 10});
  EXPECT_FALSE(once({limited}));
}

TEST_F(QuotasTest, N7_refusals_do_not_make_what_is_usual_cheaper) {
  auto limited = policy(1);
  limited.policy.budget = {"tokens", 1000};
  EXPECT_FALSE(once({limited}, {0, "tokens", 400}));
  for (int i = 0; i < 20; ++i) EXPECT_FALSE(once({limited}, {0, "tokens", 0, false}));
  Quotas::Use first;
  EXPECT_FALSE(begin({limited}, first));
  Quotas::Use second;
  EXPECT_FALSE(begin({limited}, second)) << "600 are left";
  Quotas::Use third;
  EXPECT_TRUE(begin({limited}, third)) << "two under way cost as much as usual";
}

TEST_F(QuotasTest, N7_what_others_spent_counts_and_an_older_word_changes_nothing) {
  auto limited = policy(1);
  limited.policy.budget = {"tokens", 100};
  limited.by_others.units = 60;
  EXPECT_FALSE(once({limited}, {0, "tokens", 20}));
  quotas.learn(limited.id, {day(), 0, 79});
  EXPECT_FALSE(once({limited}));
  quotas.learn(limited.id, {day(), 0, 80});
  EXPECT_TRUE(once({limited})) << "and the lease still says 60";
  quotas.learn(limited.id, {day() - 1, 0, 5});
  EXPECT_TRUE(once({limited})) << "yesterday's";
  quotas.learn(PolicyId(IdBytes{77}), {day(), 0, 5});
  EXPECT_EQ(quotas.meter_count(), 1U) << "one that nobody here uses";
  clock.advance(hours(24));
  EXPECT_FALSE(once({limited})) << "the lease's word is of the day before";
}

TEST_F(QuotasTest, N7_a_gateway_begun_anew_goes_on_where_the_vault_says) {
  auto limited = policy(1);
  limited.policy.budget = {"tokens", 100};
  limited.policy.bytes_per_day = 1000;
  limited.by_others = {day(), 10, 100};
  EXPECT_EQ(once({limited})->what, Excess::What::Budget);
  limited.policy.budget = {};
  EXPECT_FALSE(once({limited}));
  limited.by_others.bytes = 1000;
  EXPECT_EQ(once({limited})->what, Excess::What::Bytes);
}

TEST_F(QuotasTest, a_clock_set_back_gives_nothing_back) {
  auto limited = policy(1);
  limited.policy.bytes_per_day = 10;
  EXPECT_FALSE(once({limited}, {10, {}, 0}));
  clock.set_wall(clock.wall() - hours(24));
  EXPECT_TRUE(once({limited}));
}

TEST_F(QuotasTest, policies_of_earlier_days_are_forgotten) {
  auto limited = policy(1);
  limited.policy.concurrent = 5;
  Quotas::Use use;
  EXPECT_FALSE(begin({limited}, use));
  EXPECT_FALSE(once({policy(2)}));
  quotas.tick();
  EXPECT_EQ(quotas.meter_count(), 2U);
  clock.advance(hours(24));
  quotas.tick();
  EXPECT_EQ(quotas.meter_count(), 1U) << "the one that is in use stays";
  use.end({});
  quotas.tick();
  EXPECT_EQ(quotas.meter_count(), 0U);
}

}  // namespace
}  // namespace strongroom::gateway
