// SPDX-License-Identifier: Apache-2.0
#include "catalog/policy.h"

#include <gtest/gtest.h>

#include <random>

#include "catalog/catalog.h"

namespace strongroom::catalog {
namespace {

PolicyRule rule(std::string_view text) {
  const auto parsed = parse_rule(text);
  EXPECT_TRUE(parsed) << text << ": " << (parsed ? "" : parsed.error().message);
  return parsed.value_or(PolicyRule());
}

Permission judged(const Policy& policy, std::string_view method, std::string_view path,
                  bool is_websocket = false) {
  return judge(policy, {method, path, is_websocket});
}

TEST(PolicyRules, are_read_and_written_alike) {
  for (const char* text : {"DELETE /v1/**", "GET,POST /v1/models/*", "* /v1/keys", "WS /ws/*",
                           "GET /", "PATCH /v1/a*b/c:d"})
    EXPECT_EQ(rule_text(rule(text)), text);
  EXPECT_EQ(rule_text(rule("/v1/keys")), "* /v1/keys");
  EXPECT_EQ(rule_text(rule("GET   /v1")), "GET /v1");
}

TEST(PolicyRules, mistakes_are_named) {
  for (const char* text :
       {"", "GET", "v1/x", "get /v1", "GET/v1", "GET, POST /v1", "GET,,POST /v1", ",GET /v1",
        "GET, /v1", " /v1", "*,GET /v1", "GET /v1/**/x", "GET /v1//x", "GET /v1/../x",
        "GET /v1/%41", "GET /v1 ", "GET /v1\n", "VERYLONGMETHODNAME /v1", "GET /a b"}) {
    const auto parsed = parse_rule(text);
    ASSERT_FALSE(parsed) << text;
    EXPECT_EQ(parsed.error().code, Code::Invalid) << text;
    EXPECT_NE(parsed.error().message.find("a rule looks like"), std::string::npos) << text;
  }
  EXPECT_FALSE(parse_rule("GET /" + std::string(Policy::kMaxPattern, 'a')));
}

TEST(PolicyRules, numbers_and_units_have_limits) {
  Policy policy;
  EXPECT_TRUE(check_policy(policy));
  EXPECT_TRUE(policy.is_empty());
  policy.budget = {"tokens", 0};
  EXPECT_FALSE(check_policy(policy));
  policy.budget = {"", 5};
  EXPECT_FALSE(check_policy(policy));
  policy.budget = {"Tokens", 5};
  EXPECT_FALSE(check_policy(policy));
  policy.budget = {"tokens", Policy::kMaxAmount + 1};
  EXPECT_FALSE(check_policy(policy));
  policy.budget = {"tokens", Policy::kMaxAmount};
  EXPECT_TRUE(check_policy(policy));
  policy.requests_per_minute = Policy::kMaxRate + 1;
  EXPECT_FALSE(check_policy(policy));
  policy.requests_per_minute = 1;
  policy.deny.assign(Policy::kMaxRules + 1, rule("/x"));
  EXPECT_FALSE(check_policy(policy));
  policy.deny.assign(64, rule("/" + std::string(255, 'a')));
  policy.allow = policy.deny;
  EXPECT_FALSE(check_policy(policy)) << "too much text";
  policy.allow.clear();
  policy.deny.assign(1, {{}, "no slash"});
  EXPECT_FALSE(check_policy(policy));
}

TEST(PolicyRules, F8_deny_wins_and_an_allow_list_is_complete) {
  Policy policy;
  policy.allow = {rule("GET,POST /v1/**")};
  policy.deny = {rule("POST /v1/files/**")};
  EXPECT_EQ(judged(policy, "GET", "/v1/files/a"), Permission::Granted);
  EXPECT_EQ(judged(policy, "HEAD", "/v1/files/a"), Permission::Granted);
  EXPECT_EQ(judged(policy, "POST", "/v1/models"), Permission::Granted);
  EXPECT_EQ(judged(policy, "POST", "/v1/files/a"), Permission::Denied);
  EXPECT_EQ(judged(policy, "POST", "/v1/Files/a/"), Permission::Denied);
  EXPECT_EQ(judged(policy, "DELETE", "/v1/models"), Permission::NotAllowed);
  EXPECT_EQ(judged(policy, "GET", "/v2/models"), Permission::NotAllowed);
  EXPECT_EQ(judged(Policy(), "DELETE", "/anything"), Permission::Granted);
}

TEST(PolicyRules, F8_an_escaped_slash_is_judged_in_both_readings) {
  Policy policy;
  policy.deny = {rule("* /projects/*/keys"), rule("* /projects/group/**")};
  EXPECT_EQ(judged(policy, "GET", "/projects/group%2Fname/files"), Permission::Denied);
  EXPECT_EQ(judged(policy, "GET", "/projects/other%2Fname/keys"), Permission::Denied);
  EXPECT_EQ(judged(policy, "GET", "/projects/other%2Fname/files"), Permission::Granted);
  policy.allow = {rule("GET /@scope*/**")};
  EXPECT_EQ(judged(policy, "GET", "/@scope%2Fname"), Permission::Granted);
  EXPECT_EQ(judged(policy, "GET", "/@other%2Fname"), Permission::NotAllowed);
  policy.allow = {rule("GET /@scope/*")};
  EXPECT_EQ(judged(policy, "GET", "/@scope%2Fname"), Permission::NotAllowed);
}

TEST(PolicyRules, websockets_and_heads) {
  Policy policy;
  policy.deny = {rule("WS /ws/**")};
  EXPECT_EQ(judged(policy, "GET", "/ws/a", true), Permission::Denied);
  EXPECT_EQ(judged(policy, "GET", "/ws/a"), Permission::Granted);
  policy.deny = {rule("GET /ws/**")};
  EXPECT_EQ(judged(policy, "GET", "/ws/a", true), Permission::Denied);
  EXPECT_EQ(judged(policy, "HEAD", "/ws/a"), Permission::Denied);
  policy.deny.clear();
  policy.allow = {rule("GET /ws/**")};
  EXPECT_EQ(judged(policy, "GET", "/ws/a", true), Permission::NotAllowed);
  policy.allow = {rule("WS /ws/**")};
  EXPECT_EQ(judged(policy, "GET", "/ws/a", true), Permission::Granted);
  EXPECT_EQ(judged(policy, "GET", "/ws/a"), Permission::NotAllowed);
  policy.allow = {rule("* /ws/**")};
  EXPECT_EQ(judged(policy, "GET", "/ws/a", true), Permission::Granted);
}

TEST(PolicyRules, F8_what_allows_is_read_narrowly) {
  EXPECT_TRUE(path_is_within("/v1/models/*", "/v1/models/gpt"));
  EXPECT_TRUE(path_is_within("/v1/models/*", "/v1/models/a%20b"));
  EXPECT_TRUE(path_is_within("/v1/models/**", "/v1/models"));
  EXPECT_TRUE(path_is_within("/v1/models/**", "/v1/models/"));
  EXPECT_TRUE(path_is_within("/v1/models/**", "/v1/models/a/b/"));
  EXPECT_TRUE(path_is_within("/**", "/"));
  EXPECT_TRUE(path_is_within("/v1/a/", "/v1/a/"));
  EXPECT_FALSE(path_is_within("/v1/models", "/v1/models/"));
  EXPECT_FALSE(path_is_within("/v1/a/", "/v1/a"));
  EXPECT_FALSE(path_is_within("/v1/models", "/v1/Models"));
  EXPECT_FALSE(path_is_within("/v1/models", "/v1/models;x=1"));
  EXPECT_FALSE(path_is_within("/v1/models/*", "/v1/models/a;x=1"));
  EXPECT_FALSE(path_is_within("/v1/models/*", "/v1/models/..;"));
  EXPECT_FALSE(path_is_within("/v1/models/**", "/v1/models/..;/keys"));
  EXPECT_FALSE(path_is_within("/v1/models/**", "/v1/models/..%3B/keys"));
  EXPECT_FALSE(path_is_within("/v1/models/**", "/v1/models/.;a/keys"));
  EXPECT_FALSE(path_is_within("/v1/models/**", "/v1/modelsx"));
  EXPECT_FALSE(path_is_within("/v1/models/*", "/v1/models"));
}

/// What a pattern allows, the same pattern denies: an allow list never lets through what a deny
/// list of the same words would stop.
TEST(PolicyRules, F8_what_is_within_a_pattern_matches_it) {
  std::mt19937 random(23);
  const auto text_of = [&](std::string_view alphabet, unsigned most) {
    std::string text = "/";
    for (unsigned n = random() % most; n > 0; --n) text += alphabet[random() % alphabet.size()];
    return text;
  };
  int within = 0;
  for (int i = 0; i < 400'000; ++i) {
    const auto path = canonical_path(text_of("/aaB.;%3e", 8));
    const std::string pattern = text_of("/aaB*;", 7) + (random() % 4 == 0 ? "/**" : "");
    if (!path || !path_is_within(pattern, *path)) continue;
    ++within;
    ASSERT_TRUE(path_matches(pattern, *path)) << pattern << " " << *path;
  }
  EXPECT_GT(within, 5'000);
}

/// A matcher that tries every way to share out the stars would not end within a lifetime.
TEST(PolicyRules, N4_many_stars_cost_little) {
  std::string pattern = "/";
  for (int i = 0; i < 120; ++i) pattern += "*a";
  pattern += "b";
  const std::string path = "/" + std::string(16'000, 'a');
  EXPECT_FALSE(path_matches(pattern, path));
  EXPECT_FALSE(path_is_within(pattern, path));
  EXPECT_TRUE(path_matches(pattern, path + "b"));
}

}  // namespace
}  // namespace strongroom::catalog
