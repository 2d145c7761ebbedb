// SPDX-License-Identifier: Apache-2.0
#include "catalog/definition.h"

#include <gtest/gtest.h>

namespace strongroom::catalog {
namespace {

Catalog built_in() {
  auto catalog = Catalog::from_sources(built_in_sources());
  EXPECT_TRUE(catalog) << catalog.error().message;
  return catalog ? std::move(*catalog) : Catalog();
}

/// Line 3 says how it is delivered, line 4 where it goes; then what is given.
std::string proxied(const std::string& id, const std::string& more = {}) {
  return "id = \"" + id +
         "\"\ntitle = \"Mine\"\ndelivery = \"proxied\"\nhosts = [\"api.example.com\"]\n"
         "inject = { slot = \"header\", name = \"authorization\", scheme = \"Bearer\" }\n" +
         more;
}

TEST(Definition, WhatTheServerWouldStartWithIsAService) {
  const Verdict verdict = check_definition(
      built_in(), proxied("mine", "[[variable]]\nname = \"MINE_API_KEY\"\nvalue = \"{pass}\"\n"));
  ASSERT_TRUE(verdict.service) << verdict.why;
  EXPECT_EQ(verdict.service->id, "mine");
  EXPECT_EQ(verdict.service->variables.front().name, "MINE_API_KEY");
  EXPECT_EQ(verdict.why, "");
}

TEST(Definition, AMistakeIsToldWithItsLine) {
  Verdict verdict = check_definition(built_in(), proxied("mine", "hostz = []\n"));
  EXPECT_FALSE(verdict.service);
  EXPECT_EQ(verdict.line, 6);
  EXPECT_EQ(verdict.why.find("definition"), std::string::npos) << verdict.why;
  verdict = check_definition(built_in(), "id = \"mine\"\ntitle = nonsense\n");
  EXPECT_FALSE(verdict.service);
  EXPECT_EQ(verdict.line, 2);
  EXPECT_FALSE(verdict.why.empty());
}

TEST(Definition, WhatIsBuiltInIsDefinedOnce) {
  const Verdict verdict = check_definition(built_in(), proxied("gemini"));
  EXPECT_FALSE(verdict.service);
  EXPECT_EQ(verdict.line, 1);
  EXPECT_NE(verdict.why.find("choose another id"), std::string::npos) << verdict.why;
}

/// threats.md J3, from both sides.
TEST(Definition, NoVariableBelongsToAProxiedAndAnInjectedService) {
  Verdict verdict = check_definition(
      built_in(),
      "id = \"mine\"\ntitle = \"Mine\"\ndelivery = \"injected\"\n[[variable]]\nname = "
      "\"OPENAI_API_KEY\"\nvalue = \"{value}\"\n");
  EXPECT_FALSE(verdict.service);
  EXPECT_EQ(verdict.line, 5);
  EXPECT_NE(verdict.why.find("belongs to the proxied service"), std::string::npos);
  verdict = check_definition(
      built_in(), proxied("mine", "[[variable]]\nname = \"GH_TOKEN\"\nvalue = \"{pass}\"\n"));
  EXPECT_FALSE(verdict.service);
  EXPECT_NE(verdict.why.find("belongs to the proxied service 'mine'"), std::string::npos)
      << verdict.why;
}

}  // namespace
}  // namespace strongroom::catalog
