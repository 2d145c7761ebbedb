// SPDX-License-Identifier: Apache-2.0
#include "io/authority/certificate_host.h"

#include <gtest/gtest.h>

namespace strongroom::io {
namespace {

TEST(CertificateHost, A7_A10_has_one_spelling) {
  struct Spelling {
    std::string_view given;
    std::string_view text;
    bool is_address;
  };
  const std::string longest = std::string(63, 'a') + "." + std::string(63, 'b') + "." +
                              std::string(63, 'c') + "." + std::string(61, 'd');
  for (const auto& [given, text, is_address] : std::initializer_list<Spelling>{
           {"api.example.com", "api.example.com", false},
           {"API.Example.COM", "api.example.com", false},
           {"localhost", "localhost", false},
           {"xn--bcher-kva.example", "xn--bcher-kva.example", false},
           {"r3---sn-4g5e6.example.com", "r3---sn-4g5e6.example.com", false},
           {"1.2.3.4.example", "1.2.3.4.example", false},
           {longest, longest, false},
           {"203.0.113.7", "203.0.113.7", true},
           {"2001:DB8:0:0::1", "2001:db8::1", true},
           {"::ffff:203.0.113.7", "::ffff:203.0.113.7", true}}) {
    const auto known = certificate_host(given);
    ASSERT_TRUE(known) << given;
    EXPECT_EQ(known->text, text);
    EXPECT_EQ(known->is_address, is_address) << given;
  }
}

TEST(CertificateHost, A7_A8_A10_names_nothing_else) {
  using namespace std::string_view_literals;
  const std::string long_label(64, 'a');
  const std::string too_long = std::string(63, 'a') + "." + std::string(63, 'b') + "." +
                               std::string(63, 'c') + "." + std::string(62, 'd');
  const std::string endless(100'000, 'a');
  for (const std::string_view host : {""sv,
                                      "."sv,
                                      "example.com."sv,
                                      ".example.com"sv,
                                      "a..example.com"sv,
                                      "*"sv,
                                      "*.example.com"sv,
                                      "a*.example.com"sv,
                                      "b\xC3\xBC"
                                      "cher.example"sv,
                                      "exa\xE2\x80\x8Bmple.com"sv,
                                      "xn--.example"sv,
                                      "-a.example"sv,
                                      "a-.example"sv,
                                      "under_score.example"sv,
                                      "a.example:443"sv,
                                      "user@a.example"sv,
                                      "a.example/"sv,
                                      "a.example,DNS:b.example"sv,
                                      "a%2eexample"sv,
                                      "a.example\0.b.example"sv,
                                      "203.0.113.7\0"sv,
                                      " a.example"sv,
                                      "a.example\t"sv,
                                      "a.example\r\n"sv,
                                      "1"sv,
                                      "127.1"sv,
                                      "2130706433"sv,
                                      "0x7f000001"sv,
                                      "0x7f.1"sv,
                                      "0177.0.0.1"sv,
                                      "127.0.0.256"sv,
                                      "127.0.0.01"sv,
                                      "a.0x"sv,
                                      "[::1]"sv,
                                      "fe80::1%eth0"sv,
                                      "::1::"sv,
                                      std::string_view(long_label),
                                      std::string_view(too_long),
                                      std::string_view(endless)}) {
    const auto known = certificate_host(host);
    ASSERT_FALSE(known) << host.substr(0, 80);
    EXPECT_EQ(known.error().code, Code::Invalid);
    EXPECT_EQ(known.error().reason, "host_not_nameable");
  }
}

}  // namespace
}  // namespace strongroom::io
