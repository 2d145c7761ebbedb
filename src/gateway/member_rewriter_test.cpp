// SPDX-License-Identifier: Apache-2.0
#include "gateway/member_rewriter.h"

#include <gtest/gtest.h>

namespace strongroom::gateway {
namespace {

std::optional<std::string> in_capitals(std::string_view text) {
  if (text.starts_with("keep")) return std::nullopt;
  std::string out(text);
  for (char& c : out) c = c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  return out;
}

std::string rewritten(std::string_view text, std::size_t step) {
  MemberRewriter rewriter(
      {{"next", in_capitals}, {"urls.get", in_capitals}, {"a.b.c.d", in_capitals}});
  std::string out;
  while (!text.empty()) {
    const std::string_view piece = text.substr(0, step);
    text.remove_prefix(piece.size());
    out += text_of(rewriter.feed(bytes_of(piece), text.empty()));
  }
  return out;
}

TEST(MemberRewriterTest, only_the_member_at_the_top_changes_over_every_split) {
  const std::vector<std::pair<std::string, std::string>> all = {
      {R"({"next":"abc"})", R"({"next":"ABC"})"},
      {R"( { "a" : "next" , "next" : "a\"b\\" , "z":1 } )",
       R"( { "a" : "next" , "next" : "A\"B\\" , "z":1 } )"},
      {R"({"a":{"next":"abc"},"b":["next","abc"],"next":"abc"})",
       R"({"a":{"next":"abc"},"b":["next","abc"],"next":"ABC"})"},
      {R"({"nextt":"abc","nex":"abc","\"next":"abc"})",
       R"({"nextt":"abc","nex":"abc","\"next":"abc"})"},
      {R"({"next":null,"a":"next"})", R"({"next":null,"a":"next"})"},
      {R"({"next":["abc"],"b":"abc"})", R"({"next":["abc"],"b":"abc"})"},
      {R"({"next":"keep \u0041"})", R"({"next":"keep \u0041"})"},
      {R"(["next","abc"])", R"(["next","abc"])"},
      {R"({"next":"abc)", R"({"next":"abc)"},
      {R"({"a":"}{","next":"abc"})", R"({"a":"}{","next":"ABC"})"},
      {R"({"urls":{"get":"abc","put":"abc"},"get":"abc","next":"abc"})",
       R"({"urls":{"get":"ABC","put":"abc"},"get":"abc","next":"ABC"})"},
      {R"({"urls":[{"get":"abc"}],"x":{"urls":{"get":"abc"}},"urls.get":"abc"})",
       R"({"urls":[{"get":"abc"}],"x":{"urls":{"get":"abc"}},"urls.get":"abc"})"},
      {R"({"urls":{"x":{"y":[1,{"get":"abc"}]},"get":"abc"}})",
       R"({"urls":{"x":{"y":[1,{"get":"abc"}]},"get":"ABC"}})"},
      {R"({"a":{"b":{"c":{"d":"abc","e":{"d":"abc"},"d":"abc"}}}})",
       R"({"a":{"b":{"c":{"d":"ABC","e":{"d":"abc"},"d":"ABC"}}}})"},
      {R"({"a":{"b":{"c":{"dd":"abc"}}},"a.b.c.d":"abc"})",
       R"({"a":{"b":{"c":{"dd":"abc"}}},"a.b.c.d":"abc"})"},
      {"}}]]{\"next\":\"abc\"}", "}}]]{\"next\":\"ABC\"}"}};
  for (const auto& [text, expected] : all)
    for (std::size_t step = 1; step <= text.size(); ++step)
      EXPECT_EQ(rewritten(text, step), expected) << step;
}

TEST(MemberRewriterTest, a_text_that_is_too_long_goes_on_as_it_is) {
  const std::string text = R"({"next":")" + std::string(40000, 'a') + R"(","b":1})";
  EXPECT_EQ(rewritten(text, 1000), text);
}

}  // namespace
}  // namespace strongroom::gateway
