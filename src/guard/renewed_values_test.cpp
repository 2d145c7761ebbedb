// Values that come later are found, and those before them still. SPDX-License-Identifier:
// Apache-2.0
#include "guard/renewed_values.h"

#include <gtest/gtest.h>

#include <string>

#include "guard/guard.h"

namespace strongroom::guard {
namespace {

std::shared_ptr<const ValuePatterns> value(std::string_view text) {
  return ValuePatterns::make(Secret(bytes_of(text)));
}

std::string fed(Guard& guard, std::string text) {
  return std::string(
      text_of(guard.feed(MutableBytes(reinterpret_cast<std::uint8_t*>(text.data()), text.size()))));
}

TEST(RenewedValues, AreFoundBesideThoseThatTheyTakeThePlaceOf) {
  const auto patterns = std::make_shared<RenewedValues>();
  Guard guard(patterns);
  EXPECT_EQ(fed(guard, "first-value "), "first-value ");
  patterns->add(value("first-value"));
  patterns->add(value("short"));
  EXPECT_EQ(fed(guard, "first-value short newer-value "), "*********** short newer-value ");
  patterns->renew(value("newer-value"));
  EXPECT_EQ(fed(guard, "first-value newer-value "), "*********** *********** ");
}

TEST(RenewedValues, AreFoundWhereTheyBeganToComeBefore) {
  const auto patterns = std::make_shared<RenewedValues>();
  patterns->add(value("value-of-now"));
  Guard guard(patterns);
  EXPECT_EQ(fed(guard, "a value-"), "a ");
  patterns->renew(value("value-of-then"));
  EXPECT_EQ(fed(guard, "of-then value-of-now b"), "************* ************ b");
}

TEST(RenewedValues, OfThoseThatCameLaterTheNewestAreKept) {
  const auto patterns = std::make_shared<RenewedValues>();
  patterns->add(value("the-first-of-all"));
  for (std::size_t at = 0; at <= RenewedValues::kMostRenewed; ++at)
    patterns->renew(value("renewed-value-" + std::to_string(at) + "-"));
  Guard guard(patterns);
  EXPECT_EQ(fed(guard, "the-first-of-all renewed-value-0- renewed-value-1- "),
            "**************** renewed-value-0- **************** ");
}

}  // namespace
}  // namespace strongroom::guard
