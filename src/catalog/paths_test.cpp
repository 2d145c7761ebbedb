// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <random>
#include <regex>

#include "catalog/catalog.h"

namespace strongroom::catalog {
namespace {

TEST(Paths, F8_one_canonical_form) {
  const std::pair<const char*, const char*> forms[] = {
      {"/v1/models", "/v1/models"},
      {"/", "/"},
      {"//", "/"},
      {"//ws/google.ai.x", "/ws/google.ai.x"},  // as Gemini's Live SDK sends it
      {"/a//b///c", "/a/b/c"},
      {"/a/./b/../c", "/a/c"},
      {"/a/b/..", "/a/"},
      {"/a/.", "/a/"},
      {"/a/..", "/"},
      {"/a/", "/a/"},
      {"/a/%2e%2e/b", "/b"},
      {"/a/%2E/b", "/a/b"},
      {"/a/.%2e/b", "/b"},
      {"/a//../b", "/b"},  // the doubled slash is one
      {"/%61%3a", "/a%3A"},
      {"/%7Eme/%41-%5f", "/~me/A-_"},
      {"/a%25b", "/a%25b"},
      {"/%252e%252e/a", "/%252e%252e/a"},  // one decoding only
      {"/...", "/..."},
      {"/Voices/x:y@z;p=1", "/Voices/x:y@z;p=1"},
      {"/\x63%C3%BC", "/c%C3%BC"},
      {"/@scope%2fname", "/@scope%2Fname"},  // as npm asks
      {"/projects/group%2Fsub%2Fproject/..", "/projects/"},
      {"/a%2F...%2F.b", "/a%2F...%2F.b"},
  };
  for (const auto& [given, wanted] : forms) {
    const auto canonical = canonical_path(given);
    ASSERT_TRUE(canonical) << given;
    EXPECT_EQ(*canonical, wanted) << given;
  }
}

TEST(Paths, F8_what_two_servers_could_read_differently_is_refused) {
  for (const char* wrong : {"",
                            "a",
                            "*",
                            "http://x/",
                            "/..",
                            "/a/../..",
                            "/%2e%2e",
                            "/%2f",
                            "/a%2F",
                            "/%5C",
                            "/%5c..",
                            "/%00",
                            "/%0d%0a",
                            "/%09",
                            "/%7f",
                            "/%c0%ae",
                            "/%C0%AF",
                            "/%c1%9c",
                            "/%f5",
                            "/%ff",
                            "/%zz",
                            "/%4",
                            "/%",
                            "/%u002e",
                            "/a b",
                            "/a\\b",
                            "/a?b",
                            "/a#b",
                            "/a\"b",
                            "/<a>",
                            "/a\nb",
                            "/a\tb",
                            "/\x7f",
                            "/\xc3\xbc",
                            "/a|b",
                            "/a^b",
                            "/{a}",
                            "/`",
                            "/a/..;x",
                            "/.;/a",
                            "/;a",
                            "/a/;x=1/b",
                            "/%2e%2e;x/a",
                            "/a/..%3Bx",
                            "/%3b",
                            "/%2Fa",
                            "/a%2F%2Fb",
                            "/a%2F..",
                            "/a%2f%2e%2E%2fb",
                            "/..%2Fa",
                            "/a/.%2fb",
                            "/a%2F..%20/b",
                            "/a%2F;x",
                            "/a%2Fb;x",
                            "/a;x%2Fb",
                            "/a%3Bx%2Fb",
                            "/a%2F/b"})
    EXPECT_FALSE(canonical_path(wrong)) << wrong;
  EXPECT_FALSE(canonical_path(std::string_view("/a\0b", 4)));
}

TEST(Paths, canonical_is_its_own_canonical) {
  std::mt19937 random(7);
  const std::string_view alphabet = "/./%2eEaA.;:~%5Bc3%2f%2F";
  int accepted = 0;
  for (int i = 0; i < 300'000; ++i) {
    std::string path = "/";
    for (unsigned n = random() % 16; n > 0; --n) path += alphabet[random() % alphabet.size()];
    const auto once = canonical_path(path);
    if (!once) continue;
    ++accepted;
    const auto twice = canonical_path(*once);
    ASSERT_TRUE(twice) << path;
    ASSERT_EQ(*once, *twice) << path;
    ASSERT_EQ(once->find("//"), std::string::npos) << path;
    ASSERT_EQ(("/" + *once + "/").find("/../"), std::string::npos) << path;
    const std::string read_otherwise = std::regex_replace(*once, std::regex("%2F"), "/");
    ASSERT_EQ(*canonical_path(read_otherwise), read_otherwise) << path;
  }
  EXPECT_GT(accepted, 10'000);
}

TEST(Paths, any_octets_are_refused_or_canonical) {
  std::mt19937 random(11);
  for (int i = 0; i < 200'000; ++i) {
    std::string path = "/";
    for (unsigned n = random() % 12; n > 0; --n) path += static_cast<char>(random());
    const auto once = canonical_path(path);
    if (once) ASSERT_EQ(*canonical_path(*once), *once);
  }
}

TEST(Paths, patterns_match_whole_segments) {
  EXPECT_TRUE(path_matches("/*/auth_tokens", "/v1alpha/auth_tokens"));
  EXPECT_FALSE(path_matches("/*/auth_tokens", "/v1alpha/x/auth_tokens"));
  EXPECT_FALSE(path_matches("/*/auth_tokens", "/v1alpha/auth_tokens/x"));
  EXPECT_FALSE(path_matches("/*/auth_tokens", "/auth_tokens"));
  EXPECT_TRUE(path_matches("/v1/service-accounts/**", "/v1/service-accounts"));
  EXPECT_TRUE(path_matches("/v1/service-accounts/**", "/v1/service-accounts/1/keys"));
  EXPECT_FALSE(path_matches("/v1/service-accounts/**", "/v1/service-accountsx"));
  EXPECT_TRUE(
      path_matches("/v1/workspace/resources/*/*share", "/v1/workspace/resources/1/unshare"));
  EXPECT_FALSE(
      path_matches("/v1/workspace/resources/*/*share", "/v1/workspace/resources/1/shared"));
  EXPECT_TRUE(path_matches("/v1/a*b*c", "/v1/a--b--b--c"));
  EXPECT_TRUE(path_matches("/**", "/"));
  EXPECT_TRUE(path_matches("/**", "/a/b"));
}

TEST(Paths, F8_patterns_match_however_a_server_reads_the_path) {
  const auto rotates = [](const char* path) {
    return path_matches("/*/webhooks/*:rotateSigningSecret", path);
  };
  EXPECT_TRUE(rotates("/v1/webhooks/7:rotateSigningSecret"));
  EXPECT_TRUE(rotates("/v1/WebHooks/7:ROTATEsigningsecret"));
  EXPECT_TRUE(rotates("/v1/webhooks/7:rotateSigningSecret/"));
  EXPECT_TRUE(rotates("/v1/webhooks/7%3ArotateSigningSecret"));
  EXPECT_TRUE(rotates("/v1/webhooks/7:rotateSigningSecret;a=b"));
  EXPECT_TRUE(rotates("/v1/webhooks;x/7%3ArotateSigningSecret%3Ba"));
  EXPECT_FALSE(rotates("/v1/webhooks/7:rotate"));
  EXPECT_TRUE(path_matches("/$rpc/**", "/%24rpc/a"));
}

TEST(Paths, F8_an_escaped_slash_is_read_both_ways) {
  // What denies matches in either reading.
  EXPECT_TRUE(path_matches("/*/auth_tokens", "/v1%2Fauth_tokens"));
  EXPECT_TRUE(path_matches("/*/auth_tokens", "/v1%2Fx/auth_tokens"));
  EXPECT_TRUE(path_matches("/projects/*/keys", "/projects/group%2Fname/keys"));
  EXPECT_TRUE(path_matches("/a/b/c/d", "/a%2Fb/c%2Fd"));
  EXPECT_TRUE(path_matches("/a/**", "/A%2Fb"));
  EXPECT_FALSE(path_matches("/a/b", "/a%2Fc"));
  // What allows must hold both.
  EXPECT_FALSE(path_is_within("/@scope/*", "/@scope%2Fname"));
  EXPECT_FALSE(path_is_within("/*", "/@scope%2Fname"));
  EXPECT_TRUE(path_is_within("/@scope*/**", "/@scope%2Fname"));
  EXPECT_FALSE(path_is_within("/@other*/**", "/@scope%2Fname"));
  EXPECT_TRUE(path_is_within("/**", "/@scope%2Fname"));
}

}  // namespace
}  // namespace strongroom::catalog
