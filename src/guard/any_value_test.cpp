// Several values are found in one pass, over every split. SPDX-License-Identifier: Apache-2.0
#include "guard/any_value.h"

#include <gtest/gtest.h>

#include <string>

#include "guard/guard.h"
#include "guard/value_patterns.h"

namespace strongroom::guard {
namespace {

std::shared_ptr<const AnyValue> both(std::string_view one, std::string_view other) {
  const auto out = std::make_shared<AnyValue>();
  out->add(ValuePatterns::make(Secret(bytes_of(one))));
  out->add(ValuePatterns::make(Secret(bytes_of("short"))));
  out->add(ValuePatterns::make(Secret(bytes_of(other))));
  return out;
}

std::string through(const std::shared_ptr<const Patterns>& patterns, std::string text,
                    std::size_t split) {
  Guard guard(patterns);
  std::string rest = text.substr(split);
  text.resize(split);
  const auto octets = [](std::string& of) {
    return MutableBytes(reinterpret_cast<std::uint8_t*>(of.data()), of.size());
  };
  std::string out(text_of(guard.feed(octets(text))));
  return out += text_of(guard.feed(octets(rest), Ends::All));
}

TEST(AnyValue, mask_each_of_several_values_over_every_split) {
  const auto patterns = both("first-value-01", "second_value_02");
  const std::string text = "a second_value_02 b first-value-01 second_value_0 short first-value-01";
  const std::string masked =
      "a *************** b ************** second_value_0 short **************";
  for (std::size_t split = 0; split <= text.size(); ++split)
    ASSERT_EQ(through(patterns, text, split), masked) << split;
}

TEST(AnyValue, mask_the_longer_of_two_that_begin_alike) {
  const auto patterns = both("alike-123", "alike-123-and-more");
  EXPECT_EQ(through(patterns, "x alike-123-and-more y alike-123 z", 0),
            "x ****************** y ********* z");
}

}  // namespace
}  // namespace strongroom::guard
