// SPDX-License-Identifier: Apache-2.0
#include "catalog/verdict.h"

#include <gtest/gtest.h>

namespace strongroom::catalog {
namespace {

Check check_of(std::vector<int> statuses, std::vector<std::string> words = {},
               std::vector<std::string> despite = {}) {
  Check check;
  check.invalid_status = std::move(statuses);
  check.invalid_body = std::move(words);
  check.valid_despite_body = std::move(despite);
  return check;
}

TEST(Verdict, needs_the_status_and_the_words_of_a_refusal) {
  const Check check = check_of({401}, {"invalid_key"}, {"quota"});
  EXPECT_EQ(verdict_of(check, 200, "invalid_key"), KeyVerdict::Accepted);
  EXPECT_EQ(verdict_of(check, 401, "invalid_key"), KeyVerdict::Refused);
  EXPECT_EQ(verdict_of(check, 401, "something else"), KeyVerdict::Unknown);
  EXPECT_EQ(verdict_of(check, 401, "invalid_key: quota"), KeyVerdict::Accepted);
  EXPECT_EQ(verdict_of(check, 500, "invalid_key"), KeyVerdict::Unknown);
  EXPECT_EQ(verdict_of(check_of({401}), 401, "whatever"), KeyVerdict::Refused);
}

TEST(Verdict, is_not_made_up_where_the_body_cannot_be_read) {
  EXPECT_EQ(verdict_of(check_of({401}), 401, std::nullopt), KeyVerdict::Unknown);
  EXPECT_EQ(verdict_of(check_of({401}), 204, std::nullopt), KeyVerdict::Accepted);
}

TEST(Verdict, of_a_check_may_be_said_with_the_status_of_success) {
  const Check check = check_of({200}, {"\"error\":\"invalid_auth\""}, {"ratelimited"});
  EXPECT_EQ(verdict_of_check(check, 200, R"({"error":"invalid_auth"})"), KeyVerdict::Refused);
  EXPECT_EQ(verdict_of_check(check, 200, R"({"ok":true})"), KeyVerdict::Accepted);
  EXPECT_EQ(verdict_of_check(check, 200, R"({"error":"invalid_auth"} ratelimited)"),
            KeyVerdict::Accepted);
  EXPECT_EQ(verdict_of_check(check_of({200}), 200, "anything"), KeyVerdict::Accepted);
  // Not in an agent's answers, whose texts may hold the same words.
  EXPECT_EQ(verdict_of(check, 200, R"({"error":"invalid_auth"})"), KeyVerdict::Accepted);
}

}  // namespace
}  // namespace strongroom::catalog
