// SPDX-License-Identifier: Apache-2.0
#include "base/encoding_in_place.h"

#include <gtest/gtest.h>

#include "base/encoding.h"

namespace strongroom {
namespace {

std::string basic(std::string_view user, std::string_view password) {
  std::string out;
  put_basic(user, bytes_of(password), [&](char c) { out += c; });
  return out;
}

TEST(EncodingInPlace, basic_is_the_base64_of_user_and_password) {
  EXPECT_EQ(basic("Aladdin", "open sesame"), "QWxhZGRpbjpvcGVuIHNlc2FtZQ==") << "RFC 7617 2";
  std::string octets;
  for (int i = 0; i < 256; ++i) octets += static_cast<char>(i);
  for (std::size_t user = 0; user < 5; ++user)
    for (std::size_t password = 0; password <= octets.size(); ++password) {
      const std::string name(user, '\xff');
      const std::string both = name + ":" + octets.substr(0, password);
      EXPECT_EQ(basic(name, octets.substr(0, password)),
                to_base64(bytes_of(std::string_view(both))));
    }
}

TEST(EncodingInPlace, percents_stand_for_all_that_is_not_unreserved) {
  std::string out;
  put_percent_encoded(bytes_of("aZ09-._~ /%+\xfc"), [&](char c) { out += c; });
  EXPECT_EQ(out, "aZ09-._~%20%2F%25%2B%FC");
}

}  // namespace
}  // namespace strongroom
