// SPDX-License-Identifier: Apache-2.0
#include "http/form.h"

#include <gtest/gtest.h>

namespace strongroom::http {
namespace {

TEST(Form, a_query_is_decoded_or_refused) {
  EXPECT_EQ(parse_query(""), TextPairs());
  EXPECT_EQ(parse_query("a=1&&b&c=%26+d"), (TextPairs{{"a", "1"}, {"b", ""}, {"c", "& d"}}));
  EXPECT_EQ(parse_query("a=%4"), std::nullopt);
}

TEST(Form, what_is_malformed_is_left_out_and_told) {
  const Form form = read_form("a=%zz&b=1%2B1=2&=x&%3=y&d+d=%00");
  EXPECT_FALSE(form.is_whole);
  EXPECT_EQ(form.fields, (TextPairs{{"b", "1+1=2"}, {"", "x"}, {"d d", std::string(1, '\0')}}));
}

}  // namespace
}  // namespace strongroom::http
