// SPDX-License-Identifier: Apache-2.0
#include "workroom/exec_request.h"

#include <gtest/gtest.h>
#include <initializer_list>

namespace strongroom::workroom {
namespace {

std::string joined(std::initializer_list<std::string_view> texts) {
  std::string out;
  for (const auto text : texts) out += std::string(text) + '\0';
  return out;
}

Result<ExecRequest> parse(ExecHead head, const std::string& texts) {
  head.size = static_cast<std::uint32_t>(texts.size());
  return parse_exec_request(head, bytes_of(std::string_view(texts)));
}

ExecHead head_of(std::uint32_t services, std::uint32_t arguments, std::uint32_t variables) {
  ExecHead head;
  head.services = services;
  head.arguments = arguments;
  head.variables = variables;
  return head;
}

TEST(ExecRequest, IsReadAsItWasSaid) {
  auto head = head_of(3, 2, 1);
  head.has_user = 1;
  head.user = 65534;
  const auto request =
      parse(head, joined({"/src", "github", "gitlab", "github", "git", "", "A=1=2"}));
  ASSERT_TRUE(request) << request.error().message;
  EXPECT_EQ(request->directory, "/src");
  EXPECT_EQ(request->services, (std::vector<std::string>{"github", "gitlab"}));
  EXPECT_EQ(request->command, (std::vector<std::string>{"git", ""}));
  ASSERT_EQ(request->variables.size(), 1U);
  EXPECT_EQ(request->variables[0].name, "A");
  EXPECT_EQ(request->variables[0].value, "1=2");
  EXPECT_EQ(request->user, uid_t{65534});
}

TEST(ExecRequest, HasEachVariableOnceAndNoneWithoutAName) {
  const auto request =
      parse(head_of(1, 1, 4), joined({"", "github", "git", "A=1", "A=2", "=3", "B"}));
  ASSERT_TRUE(request);
  ASSERT_EQ(request->variables.size(), 1U);
  EXPECT_EQ(request->variables[0].value, "1");
}

TEST(ExecRequest, CountsMustBeThoseOfItsTexts) {
  const auto texts = joined({"/", "github", "git"});
  EXPECT_TRUE(parse(head_of(1, 1, 0), texts));
  for (const auto& head : {head_of(0, 2, 0), head_of(2, 0, 0), head_of(1, 1, 1),
                           head_of(1, 0xFFFFFFFF, 0), head_of(1, 1, 0xFFFFFFFF)})
    EXPECT_FALSE(parse(head, texts));
  EXPECT_FALSE(parse(head_of(1, 1, 0), texts + "x")) << "does not end in NUL";
  EXPECT_FALSE(parse(head_of(1, 1, 0), joined({"/", "github", ""}))) << "no command";
  EXPECT_FALSE(parse(head_of(1, 1, 0), ""));
}

TEST(ExecRequest, IsRefusedByItsHeadWhereItIsTooLarge) {
  auto head = head_of(1, 1, 0);
  head.size = kExecLimit;
  EXPECT_TRUE(check_head(head));
  head.size = kExecLimit + 1;
  EXPECT_EQ(check_head(head).error().code, Code::TooLarge);
  head = head_of(kExecServices + 1, 1, 0);
  head.size = 100;
  EXPECT_FALSE(check_head(head));
  head = head_of(1, 1, 0);
  head.size = 100;
  head.version = kExecVersion + 1;
  EXPECT_EQ(check_head(head).error().code, Code::Protocol);
}

}  // namespace
}  // namespace strongroom::workroom
