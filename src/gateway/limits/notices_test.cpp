// SPDX-License-Identifier: Apache-2.0
#include "gateway/limits/notices.h"

#include <gtest/gtest.h>

#include <map>
#include <set>

namespace strongroom::gateway {
namespace {

TEST(RefusalCounter, adds_up_by_code_and_begins_anew) {
  RefusalCounter counter;
  EXPECT_TRUE(counter.take().counts.empty());
  counter.count(Refusal::RateLimited);
  counter.count(Refusal::TooManyAtOnce);  // the same code
  counter.count(Refusal::PathDenied);
  const auto taken = counter.take();
  const std::map<std::string, std::uint32_t> counts(taken.counts.begin(), taken.counts.end());
  EXPECT_EQ(counts,
            (std::map<std::string, std::uint32_t>{{"rate_limited", 2}, {"denied_path", 1}}));
  EXPECT_TRUE(counter.take().counts.empty());
}

TEST(RefusalCounter, every_refusal_has_a_text_and_all_codes_fit_a_message) {
  std::set<std::string_view> codes;
  for (std::size_t i = 0; i < kRefusals; ++i) {
    const auto& text = describe(static_cast<Refusal>(i));
    EXPECT_GE(text.status, 400) << i;
    EXPECT_FALSE(text.code.empty() || text.message.empty() || text.hint.empty()) << i;
    EXPECT_EQ(text.limit.empty(), text.status != 429) << text.code;
    codes.insert(text.code);
    const std::string phrase = refusal_phrase(text);
    EXPECT_LE(phrase.size(), 200U) << text.code;
    EXPECT_TRUE(std::ranges::all_of(phrase, [](char c) { return c >= 0x20 && c <= 0x7e; }));
  }
  EXPECT_EQ(describe(Refusal::Internal).code, "internal") << "the list and the texts are in step";
  EXPECT_LE(codes.size(), 64U);
}

lease::Finding finding(std::uint8_t session, const std::string& what) {
  return {SessionId(IdBytes{session}), "gemini", what, "host", "/path"};
}

TEST(FindingFilter, the_same_is_said_once_in_a_while) {
  ManualClock clock;
  FindingFilter filter;
  EXPECT_TRUE(filter.admit(finding(1, "denied_path"), clock.steady()));
  for (int i = 0; i < 1000; ++i)
    EXPECT_FALSE(filter.admit(finding(1, "denied_path"), clock.steady()));
  EXPECT_TRUE(filter.admit(finding(2, "denied_path"), clock.steady()));
  EXPECT_TRUE(filter.admit(finding(1, "pass_misplaced"), clock.steady()));
  clock.advance(FindingFilter::kSameAgain);
  EXPECT_TRUE(filter.admit(finding(1, "denied_path"), clock.steady()));
}

/// A harmless one does not hide the one that matters.
TEST(FindingFilter, each_host_is_said_and_a_scan_of_many_is_bounded) {
  ManualClock clock;
  FindingFilter filter;
  const auto at = [](const std::string& host) {
    lease::Finding made = finding(1, "not_granted");
    made.host = host;
    return made;
  };
  EXPECT_TRUE(filter.admit(at("first.example"), clock.steady()));
  EXPECT_TRUE(filter.admit(at("attacker.example"), clock.steady()));
  EXPECT_FALSE(filter.admit(at("attacker.example"), clock.steady()));
  std::size_t admitted = 2;
  for (int i = 0; i < 1000; ++i)
    admitted += filter.admit(at(std::to_string(i)), clock.steady()) ? 1 : 0;
  EXPECT_EQ(admitted, FindingFilter::kHosts);
  EXPECT_TRUE(filter.admit(finding(2, "not_granted"), clock.steady())) << "others are heard";
  clock.advance(FindingFilter::kSameAgain);
  EXPECT_TRUE(filter.admit(at("later.example"), clock.steady()));
}

TEST(FindingFilter, N8_a_flood_is_cut_off) {
  ManualClock clock;
  FindingFilter filter;
  std::uint32_t admitted = 0;
  for (int i = 0; i < 10'000; ++i)
    admitted += filter.admit(finding(1, std::to_string(i)), clock.steady()) ? 1 : 0;
  EXPECT_EQ(admitted, FindingFilter::kPerMinute);
  clock.advance(std::chrono::minutes(1));
  EXPECT_TRUE(filter.admit(finding(1, "later"), clock.steady()));
}

TEST(HitsTold, each_hit_once) {
  HitsTold told;
  EXPECT_FALSE(told.has_more(0));
  EXPECT_TRUE(told.has_more(2));
  EXPECT_FALSE(told.has_more(2));
  EXPECT_TRUE(told.has_more(3));
}

TEST(LogFilter, what_was_left_out_is_counted_in_the_next_line) {
  ManualClock clock;
  LogFilter filter;
  EXPECT_EQ(filter.admit(finding(1, "reset"), clock.steady()), 0U);
  for (int i = 0; i < 7; ++i) EXPECT_FALSE(filter.admit(finding(1, "reset"), clock.steady()));
  EXPECT_EQ(filter.admit(finding(2, "reset"), clock.steady()), 7U);
  EXPECT_EQ(filter.admit(finding(3, "reset"), clock.steady()), 0U);
}

}  // namespace
}  // namespace strongroom::gateway
