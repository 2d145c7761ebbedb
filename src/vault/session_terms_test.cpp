// SPDX-License-Identifier: Apache-2.0
#include "vault/fixture_for_test.h"

namespace strongroom::vault {
namespace {

using std::chrono::seconds;

class SessionTerms : public VaultFixture {
 protected:
  SessionTerms() {
    make_acme();
    EXPECT_TRUE(add("gemini", "AIzaSyShared-0123456789-abcdefghijkl"));
  }
  Result<StartedSession> begin(Settings labels, seconds idle = seconds(0)) {
    SessionRequest request;
    request.tenant = "acme";
    request.member = "alice";
    request.services = {"gemini"};
    request.labels = std::move(labels);
    request.idle_limit = idle;
    clock.advance(std::chrono::milliseconds(1));
    return vault->start_session(kOperator, request);
  }
  static SessionFilter with(Settings labels, std::string state = {}) {
    SessionFilter filter;
    filter.labels = std::move(labels);
    filter.state = std::move(state);
    return filter;
  }
  static SessionFilter page(std::optional<SessionId> before, std::size_t limit) {
    SessionFilter filter;
    filter.before = before;
    filter.limit = limit;
    return filter;
  }
  std::vector<SessionId> list(const SessionFilter& filter) {
    const auto views = vault->list_sessions(kOperator, filter);
    std::vector<SessionId> out;
    EXPECT_TRUE(views) << views.error().message;
    for (const auto& view : *views) out.push_back(view.id);
    return out;
  }
};

TEST_F(SessionTerms, LabelsHaveLimits) {
  EXPECT_TRUE(begin({{"run", "17"}, {"team/name", "A b ü"}, {"empty", ""}}));
  EXPECT_CODE(begin({{"", "x"}}), Code::Invalid);
  EXPECT_CODE(begin({{"a b", "x"}}), Code::Invalid);
  EXPECT_CODE(begin({{std::string(64, 'a'), "x"}}), Code::Invalid);
  EXPECT_CODE(begin({{"a", "1,2"}}), Code::Invalid);
  EXPECT_CODE(begin({{"a", "1\n2"}}), Code::Invalid);
  EXPECT_CODE(begin({{"a", "\xff"}}), Code::Invalid);
  EXPECT_CODE(begin({{"a", std::string(129, 'a')}}), Code::Invalid);
  EXPECT_CODE(begin({{"a", "1"}, {"a", "2"}}), Code::Invalid);
  Settings many;
  for (int i = 0; i < 17; ++i) many.emplace_back("n" + std::to_string(i), "x");
  EXPECT_CODE(begin(many), Code::TooLarge);
  EXPECT_CODE(begin({}, seconds(-1)), Code::Invalid);
  EXPECT_CODE(begin({}, kLongestSession + seconds(1)), Code::Invalid);
}

TEST_F(SessionTerms, AListIsFilteredAndReadPageByPage) {
  std::vector<SessionId> made;
  for (int i = 0; i < 5; ++i) {
    const auto one = begin({{"run", std::to_string(i % 2)}, {"all", "yes"}});
    ASSERT_TRUE(one);
    made.insert(made.begin(), one->session.id);
  }
  ASSERT_TRUE(run(vault->end_session(kOperator, made[1], "finished")));
  EXPECT_EQ(list({}), made) << "newest first";
  EXPECT_EQ(list(with({{"run", "1"}})), (std::vector{made[1], made[3]}));
  EXPECT_EQ(list(with({{"run", "1"}, {"all", "yes"}})), (std::vector{made[1], made[3]}));
  EXPECT_TRUE(list(with({{"run", "1"}, {"all", "no"}})).empty());
  EXPECT_EQ(list(with({}, "ended")), std::vector{made[1]});
  EXPECT_EQ(list(page({}, 2)), (std::vector{made[0], made[1]}));
  EXPECT_EQ(list(page(made[1], 2)), (std::vector{made[2], made[3]}));
  EXPECT_TRUE(list(page(made[4], 9)).empty());
  EXPECT_CODE(vault->list_sessions(kOperator, with({}, "lost")), Code::Invalid);
  EXPECT_CODE(vault->list_sessions(kOperator, page({}, 0)), Code::Invalid);
  EXPECT_CODE(vault->list_sessions(kOperator, page({}, 1001)), Code::Invalid);
  EXPECT_CODE(vault->list_sessions(kOperator, page(SessionId(IdBytes{9}), 9)), Code::NotFound);
}

TEST_F(SessionTerms, WhatWasGivenIsShownAlsoAfterARestart) {
  const auto one = begin({{"run", "17"}}, seconds(60));
  ASSERT_TRUE(one);
  close();
  open();
  const auto shown = vault->show_session(kOperator, one->session.id);
  ASSERT_TRUE(shown);
  EXPECT_EQ(shown->labels, (Settings{{"run", "17"}}));
  EXPECT_EQ(shown->idle_limit, seconds(60));
  clock.advance(seconds(61));
  EXPECT_EQ(vault->idle_sessions(), std::vector{one->session.id});
}

TEST_F(SessionTerms, ASessionIsIdleWhenNothingHappensAndNothingIsUnderWay) {
  const HolderId gateway(IdBytes{1});
  const auto one = begin({}, seconds(60));
  const auto other = begin({});
  ASSERT_TRUE(one && other);
  const SessionId id = one->session.id;
  clock.advance(seconds(59));
  EXPECT_TRUE(vault->idle_sessions().empty());
  vault->note_active(id);
  clock.advance(seconds(59));
  EXPECT_TRUE(vault->idle_sessions().empty()) << "the command did something";
  vault->note_use(id, gateway);
  clock.advance(seconds(3600));
  EXPECT_TRUE(vault->idle_sessions().empty()) << "a stream is under way";
  vault->note_settled(id, gateway, 10, 20);
  clock.advance(seconds(59));
  EXPECT_TRUE(vault->idle_sessions().empty()) << "it ended a moment ago";
  vault->note_use(id, gateway);
  vault->forget_holder(gateway);
  clock.advance(seconds(61));
  EXPECT_EQ(vault->idle_sessions(), std::vector{id}) << "and the one without a limit never is";
  const auto shown = vault->show_session(kOperator, id);
  ASSERT_TRUE(shown && shown->seen);
  EXPECT_EQ(shown->seen->uses, 2U);
  EXPECT_EQ(shown->seen->under_way, 0U);
  EXPECT_EQ(shown->seen->bytes_down, 20U);
  ASSERT_TRUE(run(vault->end_session(kOperator, id, "idle limit")));
  EXPECT_TRUE(vault->idle_sessions().empty());
  EXPECT_FALSE(vault->show_session(kOperator, id)->seen);
}

TEST_F(SessionTerms, UsesThatAKilledVaultLeftWithoutAnEndAreToldAsUnknownOnce) {
  const auto one = begin({});
  ASSERT_TRUE(one);
  audit::Use use;
  use.session = one->session.id;
  const std::vector<audit::Use> uses{use, use};
  const std::uint64_t first = record->record_uses(uses, [](const Status&) {});
  audit::Settled settled;
  settled.session = use.session;
  settled.use = first;
  settled.outcome = "completed";
  record->record_later(settled);
  const auto ends = [this] {
    std::vector<std::pair<std::uint64_t, std::string>> out;
    EXPECT_TRUE(record->for_each([&](const audit::Entry& entry) {
      if (const auto* end = std::get_if<audit::Settled>(&entry.content))
        out.emplace_back(end->use, end->outcome);
      return true;
    }));
    return out;
  };
  using Ends = decltype(ends());
  reopen();
  const Ends told{{first, "completed"}, {first + 1, "unknown"}};
  EXPECT_EQ(ends(), told);
  reopen();
  EXPECT_EQ(ends(), told);
}

}  // namespace
}  // namespace strongroom::vault
