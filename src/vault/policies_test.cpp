// SPDX-License-Identifier: Apache-2.0
#include "vault/policies.h"

#include <algorithm>
#include <set>

#include "vault/fixture_for_test.h"

namespace strongroom::vault {
namespace {

constexpr std::string_view kValue = "AIzaSyTest-0123456789-abcdefghijklmn";
const HolderId kGateway(IdBytes{5});

class Policies : public VaultFixture {
 protected:
  Policies() {
    make_acme();
    key = add("gemini", kValue)->id;
  }
  Result<PolicyView> set(const PolicyPlace& place, const PolicyChange& change) {
    return run(vault->set_policy(kOperator, place, change));
  }
  Status remove(const PolicyPlace& place) { return run(vault->remove_policy(kOperator, place)); }
  PolicyPlace of_key() { return {"acme", "", key}; }
  std::vector<AppliedPolicy> applied() {
    const auto started = start("alice", {"gemini"});
    EXPECT_TRUE(started);
    auto opened = use(started->passes.at(0));
    EXPECT_TRUE(opened);
    return opened ? std::move(opened->policies) : std::vector<AppliedPolicy>();
  }

  static PolicyChange rate(std::int64_t number) {
    PolicyChange change;
    change.requests_per_minute = number;
    return change;
  }

  KeyId key;
};

TEST_F(Policies, OnesOfAllThreeLevelsHoldForAKey) {
  EXPECT_TRUE(applied().empty());
  ASSERT_TRUE(set({"acme", "", {}}, rate(100)));
  ASSERT_TRUE(set({"acme", "gemini", {}}, rate(50)));
  ASSERT_TRUE(set(of_key(), rate(5)));
  ASSERT_TRUE(set({"acme", "openai", {}}, rate(1)));
  const auto all = applied();
  ASSERT_EQ(all.size(), 3U);
  EXPECT_EQ(all[0].level, PolicyLevel::Tenant);
  EXPECT_EQ(all[0].policy.requests_per_minute, 100U);
  EXPECT_EQ(all[1].level, PolicyLevel::Service);
  EXPECT_EQ(all[1].policy.requests_per_minute, 50U);
  EXPECT_EQ(all[2].level, PolicyLevel::Key);
  EXPECT_EQ(all[2].policy.requests_per_minute, 5U);
  EXPECT_EQ(vault->list_policies(kOperator, "acme")->size(), 4U);
  EXPECT_EQ(vault->list_policies(kOperator, "")->size(), 4U);
}

TEST_F(Policies, AChangeLeavesWhatItDoesNotName) {
  PolicyChange change;
  change.deny = {"DELETE /v1/**", "/v1beta/files"};
  change.allow = {"GET,POST /**"};
  change.budget_unit = "tokens";
  change.budget_per_day = 1000;
  const auto first = set(of_key(), change);
  ASSERT_TRUE(first) << first.error().message;
  EXPECT_EQ(first->service, "gemini");
  EXPECT_EQ(first->key, key);
  const auto second = set(of_key(), rate(7));
  ASSERT_TRUE(second);
  EXPECT_EQ(second->id, first->id);
  EXPECT_EQ(second->policy.deny, first->policy.deny);
  EXPECT_EQ(second->policy.budget.per_day, 1000U);
  EXPECT_EQ(second->policy.requests_per_minute, 7U);
  PolicyChange lift;
  lift.deny = std::vector<std::string>();
  lift.budget_per_day = 0;
  lift.requests_per_minute = 0;
  const auto third = set(of_key(), lift);
  ASSERT_TRUE(third) << third.error().message;
  EXPECT_TRUE(third->policy.deny.empty());
  EXPECT_EQ(third->policy.budget, catalog::Budget());
  EXPECT_EQ(third->policy.allow.size(), 1U);
  PolicyChange last;
  last.allow = std::vector<std::string>();
  EXPECT_CODE(set(of_key(), last), Code::Invalid);
  EXPECT_EQ(vault->show_policy(kOperator, of_key())->policy.allow.size(), 1U)
      << "nothing was changed";
}

TEST_F(Policies, SurviveARestartAndAreInTheRecord) {
  PolicyChange change = rate(9);
  change.deny = {"DELETE /v1/**"};
  ASSERT_TRUE(set({"acme", "gemini", {}}, change));
  reopen();
  const auto shown = vault->show_policy(kOperator, {"acme", "gemini", {}});
  ASSERT_TRUE(shown);
  EXPECT_EQ(catalog::rule_text(shown->policy.deny.at(0)), "DELETE /v1/**");
  EXPECT_EQ(shown->policy.requests_per_minute, 9U);
  ASSERT_TRUE(remove({"acme", "gemini", {}}));
  const auto names = actions();
  EXPECT_NE(std::ranges::find(names, "policy.set done"), names.end());
  EXPECT_EQ(names.back(), "policy.remove done");
  EXPECT_CODE(vault->show_policy(kOperator, {"acme", "gemini", {}}), Code::NotFound);
  EXPECT_CODE(remove({"acme", "gemini", {}}), Code::NotFound);
}

TEST_F(Policies, MistakesAreRefusedWithAReason) {
  EXPECT_CODE(set({"globex", "", {}}, rate(1)), Code::NotFound);
  EXPECT_CODE(set({"acme", "no-such", {}}, rate(1)), Code::NotFound);
  EXPECT_CODE(set({"acme", "github", {}}, rate(1)), Code::Unsupported);
  EXPECT_CODE(set({"acme", "", KeyId(IdBytes{77})}, rate(1)), Code::NotFound);
  EXPECT_CODE(set({"acme", "openai", key}, rate(1)), Code::Invalid);
  EXPECT_CODE(set(of_key(), rate(-1)), Code::Invalid);
  EXPECT_CODE(set(of_key(), rate(1'000'001)), Code::Invalid);
  EXPECT_CODE(set(of_key(), {}), Code::Invalid);
  PolicyChange rules;
  rules.deny = {"delete /v1"};
  EXPECT_CODE(set(of_key(), rules), Code::Invalid);
  PolicyChange budget;
  budget.budget_unit = "characters";
  budget.budget_per_day = 5;
  EXPECT_CODE(set(of_key(), budget), Code::Invalid);
  EXPECT_TRUE(set({"acme", "elevenlabs", {}}, budget));
  EXPECT_TRUE(set({"acme", "", {}}, budget));
  EXPECT_CODE(set({"acme", "heygen", {}}, budget), Code::Invalid);
  budget.budget_unit = "bananas";
  EXPECT_CODE(set({"acme", "", {}}, budget), Code::Invalid);
  ASSERT_TRUE(vault->add_tenant(kOperator, "globex"));
  EXPECT_CODE(set({"globex", "", key}, rate(1)), Code::NotFound);
  EXPECT_CODE(vault->show_policy(kOperator, {"globex", "", key}), Code::NotFound);
}

TEST_F(Policies, AChangeReachesTheLeasesOfEveryKeyItIsFor) {
  const auto second = add("gemini", kValue, "", "second")->id;
  const auto other = add("openai", "sk-aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa")->id;
  fences.refreshed.clear();
  ASSERT_TRUE(set(of_key(), rate(1)));
  EXPECT_EQ(fences.refreshed, std::vector<KeyId>{key});
  fences.refreshed.clear();
  ASSERT_TRUE(set({"acme", "gemini", {}}, rate(1)));
  EXPECT_EQ(std::set<KeyId>(fences.refreshed.begin(), fences.refreshed.end()),
            (std::set<KeyId>{key, second}));
  fences.refreshed.clear();
  ASSERT_TRUE(set({"acme", "", {}}, rate(1)));
  EXPECT_EQ(std::set<KeyId>(fences.refreshed.begin(), fences.refreshed.end()),
            (std::set<KeyId>{KeyId(), key, second, other}))
      << "and the leases without a key, of proxies";
  fences.refreshed.clear();
  ASSERT_TRUE(remove(of_key()));
  EXPECT_EQ(fences.refreshed, std::vector<KeyId>{key});
}

TEST_F(Policies, GoWithTheirKeyAndTheirTenant) {
  ASSERT_TRUE(set(of_key(), rate(1)));
  ASSERT_TRUE(set({"acme", "", {}}, rate(1)));
  (void)applied();
  vault->note_spent(key, kGateway, {10, "", 0});
  ASSERT_TRUE(vault->save_spending());
  ASSERT_TRUE(run(vault->revoke_key(kOperator, key)));
  EXPECT_EQ(vault->list_policies(kOperator, "acme")->size(), 1U);
  EXPECT_CODE(set(of_key(), rate(1)), Code::Revoked);
  ASSERT_TRUE(run(vault->remove_tenant(kOperator, "acme")));
  EXPECT_TRUE(vault->list_policies(kOperator, "")->empty());
  reopen();
  EXPECT_TRUE(store->list<store::Spending>()->empty());
}

TEST_F(Policies, N7_SpendingIsSummedUpPerPolicyAndSurvivesARestart) {
  PolicyChange budget = rate(1000);
  budget.budget_unit = "tokens";
  budget.budget_per_day = 1000;
  const auto of_the_key = set(of_key(), budget);
  const auto of_tenant = set({"acme", "", {}}, rate(1000));
  ASSERT_TRUE(of_the_key && of_tenant);
  (void)applied();
  vault->note_spent(key, kGateway, {100, "tokens", 7});
  vault->note_spent(key, kGateway, {10, "characters", 5});
  EXPECT_EQ(vault->take_grown_spending().size(), 2U);
  EXPECT_EQ(vault->spent_by_others(of_the_key->id, kGateway).units, 0U) << "it counts its own";
  EXPECT_EQ(vault->spent_by_others(of_the_key->id, HolderId()).units, 7U);
  ASSERT_TRUE(vault->save_spending());
  ASSERT_TRUE(vault->save_spending()) << "nothing to do";
  reopen();
  const auto shown = vault->show_policy(kOperator, of_key());
  ASSERT_TRUE(shown);
  EXPECT_EQ(shown->bytes_today, 110U);
  EXPECT_EQ(shown->units_today, 7U);
  EXPECT_EQ(vault->show_policy(kOperator, {"acme", "", {}})->bytes_today, 110U);
  EXPECT_EQ(vault->show_policy(kOperator, {"acme", "", {}})->units_today, 0U) << "it has no budget";
  EXPECT_EQ(vault->spent_by_others(of_the_key->id, kGateway).units, 7U) << "a gateway before it";
  clock.advance(std::chrono::hours(24));
  EXPECT_EQ(vault->show_policy(kOperator, of_key())->units_today, 0U);
  (void)applied();
  vault->note_spent(key, kGateway, {1, "tokens", 2});
  ASSERT_TRUE(vault->save_spending());
  reopen();
  EXPECT_EQ(vault->show_policy(kOperator, of_key())->units_today, 2U);
}

TEST_F(Policies, AnotherUnitBeginsAtNothing) {
  PolicyChange budget;
  budget.budget_unit = "tokens";
  budget.budget_per_day = 1000;
  ASSERT_TRUE(set({"acme", "", {}}, budget));
  (void)applied();
  vault->note_spent(key, kGateway, {100, "tokens", 7});
  budget.budget_unit = "characters";
  const auto changed = set({"acme", "", {}}, budget);
  ASSERT_TRUE(changed);
  EXPECT_EQ(changed->units_today, 0U);
  EXPECT_EQ(changed->bytes_today, 100U);
}

TEST_F(Policies, TheLargestFitsTheRecord) {
  PolicyChange change;
  change.deny.emplace();
  for (std::size_t i = 0; i < catalog::Policy::kMaxRules; ++i)
    change.deny->push_back("* /" + std::string(240, 'a'));
  const auto largest = set(of_key(), change);
  ASSERT_TRUE(largest) << largest.error().message;
  reopen();
  EXPECT_EQ(vault->show_policy(kOperator, of_key())->policy.deny.size(),
            catalog::Policy::kMaxRules);
  EXPECT_EQ(actions().back(), "policy.set done");
}

TEST_F(Policies, WhatIsSettledAfterThePolicyIsGoneHarmsNothing) {
  ASSERT_TRUE(set(of_key(), rate(5)));
  ASSERT_TRUE(set({"acme", "", {}}, rate(5)));
  (void)applied();
  vault->note_spent(key, kGateway, {100, "", 0});
  ASSERT_TRUE(run(vault->revoke_key(kOperator, key)));
  EXPECT_TRUE(vault->save_spending());
  vault->note_spent(key, kGateway, {100, "", 0});
  EXPECT_TRUE(vault->save_spending());
  EXPECT_EQ(store->list<store::Spending>()->size(), 1U) << "the tenant's";
  ASSERT_TRUE(store->verify_all());
}

}  // namespace
}  // namespace strongroom::vault
