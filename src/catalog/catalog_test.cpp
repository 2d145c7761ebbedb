// SPDX-License-Identifier: Apache-2.0
#include "catalog/catalog.h"

#include <gtest/gtest.h>
#include <random>

namespace strongroom::catalog {
namespace {

TEST(Catalog, built_in_services_are_all_valid) {
  const auto catalog = Catalog::from_sources(built_in_sources());
  ASSERT_TRUE(catalog) << catalog.error().message;
  for (const char* id : {"gemini", "elevenlabs", "heygen", "firecrawl", "openai", "anthropic", "generic-http"}) {
    ASSERT_NE(catalog->find(id), nullptr) << id;
    EXPECT_EQ(catalog->find(id)->delivery, Delivery::Proxied) << id;
  }
  for (const char* id : {"github", "gitlab", "git", "postgres", "mysql", "tailscale", "generic-env"}) {
    ASSERT_NE(catalog->find(id), nullptr) << id;
    EXPECT_EQ(catalog->find(id)->delivery, Delivery::Injected) << id;
  }
}

TEST(Catalog, a_mistake_is_named_with_file_and_line) {
  const auto with = [](const std::string& text) {
    const auto service = parse_service({"mine.toml", text});
    return service ? std::string("accepted") : service.error().message;
  };
  const std::string head = "id = \"x\"\ntitle = \"X\"\ndelivery = \"proxied\"\nhosts = [\"api.example.com\"]\n";
  EXPECT_EQ(with(head + "inject = { slot = \"header\", name = \"authorization\" }\n"), "accepted");
  EXPECT_TRUE(with(head).starts_with("mine.toml:1: ")) << with(head);
  EXPECT_TRUE(with(head + "inject = { slot = \"head\" }\n").starts_with("mine.toml:5: "));
  EXPECT_TRUE(with("id = \"x\"\ntitle = 3\n").starts_with("mine.toml:2: "));
  EXPECT_TRUE(with("id = \"x\"\ntitle = \"X\"\ndelivery = \"sometimes\"\n").starts_with("mine.toml:3: "));
  EXPECT_TRUE(with(head + "surprise = 1\n").starts_with("mine.toml:5: "));
  EXPECT_TRUE(with("id = \"x\n").starts_with("mine.toml:1: "));
  EXPECT_TRUE(with("id = \"x\"\ntitle = \"X\"\ndelivery = \"proxied\"\nhosts = [\"API.example.com\"]\n").starts_with("mine.toml:4: "));
}

TEST(Catalog, two_services_of_one_id_are_refused) {
  auto sources = built_in_sources();
  sources.push_back({"mine.toml", sources.front().text});
  EXPECT_FALSE(Catalog::from_sources(sources));
}

TEST(Paths, F8_one_canonical_form) {
  EXPECT_EQ(*canonical_path("/v1/models"), "/v1/models");
  EXPECT_EQ(*canonical_path("//ws/x"), "/ws/x");
  EXPECT_EQ(*canonical_path("/a/./b/../c"), "/a/c");
  EXPECT_EQ(*canonical_path("/a/%2e%2e/b"), "/b");
  EXPECT_EQ(*canonical_path("/%61%3a"), "/a%3A");
  EXPECT_EQ(*canonical_path("/a/"), "/a/");
  EXPECT_EQ(*canonical_path("/a/.."), "/");
  for (const char* wrong : {"", "a", "/..", "/a/../..", "/%2f", "/%5C", "/%00", "/%zz", "/%4", "/a b", "/a\\b", "/a?b", "/a#b"}) EXPECT_FALSE(canonical_path(wrong)) << wrong;
}

TEST(Paths, canonical_is_its_own_canonical) {
  std::mt19937 random(7);
  const std::string_view alphabet = "/./%2eEaA.;:~%5B";
  for (int i = 0; i < 200'000; ++i) {
    std::string path = "/";
    for (unsigned n = random() % 14; n > 0; --n) path += alphabet[random() % alphabet.size()];
    const auto once = canonical_path(path);
    if (!once) continue;
    const auto twice = canonical_path(*once);
    ASSERT_TRUE(twice) << path;
    ASSERT_EQ(*once, *twice) << path;
  }
}

TEST(Paths, patterns_ignore_case_and_trailing_slash) {
  EXPECT_TRUE(path_matches("/*/auth_tokens", "/v1alpha/auth_tokens"));
  EXPECT_TRUE(path_matches("/*/auth_tokens", "/v1alpha/AUTH_tokens/"));
  EXPECT_FALSE(path_matches("/*/auth_tokens", "/v1alpha/x/auth_tokens"));
  EXPECT_TRUE(path_matches("/v1/service-accounts/**", "/v1/service-accounts"));
  EXPECT_TRUE(path_matches("/v1/service-accounts/**", "/v1/service-accounts/1/keys"));
  EXPECT_FALSE(path_matches("/v1/service-accounts/**", "/v1/service-accountsx"));
  EXPECT_TRUE(path_matches("/*/webhooks/*:rotateSigningSecret", "/v1/webhooks/7:rotatesigningsecret"));
  EXPECT_TRUE(path_matches("/v1/workspace/resources/*/*share", "/v1/workspace/resources/1/unshare"));
}

TEST(Names, J4_dangerous_variables_are_refused) {
  for (const char* name : {"LD_PRELOAD", "PATH", "NODE_OPTIONS", "BASH_ENV", "GIT_SSH_COMMAND", "PYTHONPATH", "PERL5LIB", "HOME", "IFS", "lower", "1A", "",
                           "A-B", "JAVA_TOOL_OPTIONS", "STRONGROOM_SESSION", "GIT_CONFIG_COUNT", "HTTPS_PROXY"})
    EXPECT_FALSE(check_variable_name(name)) << name;
  for (const char* name : {"MY_SERVICE_TOKEN", "SENTRY_DSN", "STRIPE_KEY", "A"}) EXPECT_TRUE(check_variable_name(name)) << name;
}

TEST(Names, J3_variables_of_proxied_services_are_refused) {
  for (const char* name : {"GEMINI_API_KEY", "OPENAI_API_KEY", "ANTHROPIC_AUTH_TOKEN", "GOOGLE_API_KEY", "FIRECRAWL_API_KEY"}) EXPECT_FALSE(check_variable_name(name)) << name;
}

}  // namespace
}  // namespace strongroom::catalog
