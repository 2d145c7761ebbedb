// A session's passes are found in every form, over every split, and nothing else is.
// SPDX-License-Identifier: Apache-2.0
#include "gateway/guard/pass_patterns.h"

#include <gtest/gtest.h>

#include <cstdio>
#include <functional>
#include <random>

#include "base/encoding.h"
#include "crypto/crypto.h"
#include "guard/guard.h"

namespace strongroom::gateway {
namespace {

const std::string kSecret = "0Aa-_zZ9bcdefghijklmnopqrstuvwxyzABCDEFGH-_";

lease::SessionPass known(const std::string& prefix, const std::string& secret = kSecret) {
  return {prefix, crypto::sha256(bytes_of(prefix + secret))};
}

std::shared_ptr<const PassPatterns> session() {
  const std::vector<lease::SessionPass> passes = {known("AIza"), known("sk-"),
                                                  known("sk-ant-api03-"), known("srx_")};
  return PassPatterns::make(passes);
}

using Spelling = std::function<std::string(std::uint8_t)>;

std::string spelled(const std::string& text, const Spelling& each, unsigned every = 1) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i)
    out += i % every == 0 ? each(static_cast<std::uint8_t>(text[i])) : std::string(1, text[i]);
  return out;
}

std::string printed(const char* format, unsigned value) {
  char text[16];
  std::snprintf(text, sizeof(text), format, value);
  return text;
}

std::string base64_after(const std::string& before, const std::string& pass, bool url) {
  const std::string all = before + pass + "tail";
  return url ? to_base64url(bytes_of(all)) : to_base64(bytes_of(all));
}

std::vector<std::string> forms_of(const std::string& pass) {
  std::vector<std::string> all = {pass};
  for (const std::string before : {"", "x", "xy"})
    for (const bool url : {false, true}) all.push_back(base64_after(before, pass, url));
  for (const char* format :
       {"%02x", "%02X", "%%%02x", "%%%02X", "\\u%04x", "\\u%04X", "&#%u;", "&#x%x;", "&#X%04X;"})
    for (const unsigned every : {1U, 3U}) {
      if (every != 1 && format[1] == '0') continue;  // hex is hex all through
      all.push_back(spelled(pass, [&](std::uint8_t c) { return printed(format, c); }, every));
    }
  all.push_back("session:" + pass);
  all.push_back(to_base64(bytes_of("session:" + pass)));
  return all;
}

TEST(PassPatterns, D2_D3_every_form_of_every_pass_is_found_over_every_split) {
  const auto patterns = session();
  for (const std::string prefix : {"AIza", "sk-", "sk-ant-api03-", "srx_"})
    for (const auto& form : forms_of(prefix + kSecret)) {
      const std::string text = "{\"a\": \"" + form + "\"}";
      ASSERT_TRUE(guard::holds_any(*patterns, bytes_of(text))) << form;
      for (std::size_t cut = 0; cut <= text.size(); ++cut) {
        guard::Guard guard(patterns);
        std::string first = text.substr(0, cut);
        std::string second = text.substr(cut);
        std::string out(text_of(
            guard.feed(MutableBytes(reinterpret_cast<std::uint8_t*>(first.data()), first.size()))));
        out += text_of(
            guard.feed(MutableBytes(reinterpret_cast<std::uint8_t*>(second.data()), second.size()),
                       guard::Ends::All));
        ASSERT_EQ(guard.hits(), 1U) << form << " cut at " << cut;
        ASSERT_EQ(out.size(), text.size());
      }
    }
}

TEST(PassPatterns, D5_a_pass_that_begins_like_another_is_its_own) {
  const std::vector<lease::SessionPass> passes = {known("sk-"), known("sk-ant-api03-")};
  const auto only_short = PassPatterns::make(std::span(passes).first(1));
  const auto only_long = PassPatterns::make(std::span(passes).last(1));
  const std::string short_one = "sk-" + kSecret;
  const std::string long_one = "sk-ant-api03-" + kSecret;
  EXPECT_TRUE(guard::holds_any(*only_short, bytes_of(short_one)));
  EXPECT_FALSE(guard::holds_any(*only_short, bytes_of(long_one)));
  EXPECT_TRUE(guard::holds_any(*only_long, bytes_of(long_one)));
  EXPECT_FALSE(guard::holds_any(*only_long, bytes_of(short_one)));
  // More of the same alphabet around it hides nothing.
  EXPECT_TRUE(guard::holds_any(*only_short, bytes_of("sk-sk-sk-" + short_one + "sk-abc")));
}

TEST(PassPatterns, C11_what_only_looks_like_a_pass_goes_on) {
  const auto patterns = session();
  std::string other = kSecret;
  other[20] = 'Q';
  for (const std::string& text :
       {"AIza" + other, "AIza" + kSecret.substr(0, 42), "BIza" + kSecret, kSecret,
        std::string("sk-"), std::string("%41%49"), std::string("\\u0041Iza")})
    EXPECT_FALSE(guard::holds_any(*patterns, bytes_of(text))) << text;
  std::mt19937 random(7);
  const std::string alphabet =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/-_%\\&\"{}:, ";
  for (int round = 0; round < 2000; ++round) {
    std::string text;
    while (text.size() < 500) text += alphabet[random() % alphabet.size()];
    guard::Guard guard(patterns);
    std::string out;
    const std::string before = text;
    for (std::size_t at = 0; at < text.size();) {
      const std::size_t size = std::min<std::size_t>(1 + random() % 60, text.size() - at);
      out += text_of(
          guard.feed(MutableBytes(reinterpret_cast<std::uint8_t*>(text.data()) + at, size)));
      at += size;
    }
    out += text_of(guard.feed({}, guard::Ends::All));
    ASSERT_EQ(out, before);
  }
}

TEST(PassPatterns, N8_a_flood_of_what_looks_like_passes_is_taken_for_one) {
  const auto patterns = session();
  std::string few;
  for (int i = 0; i < 50; ++i)
    few += "sk-" + std::string(44, static_cast<char>('A' + i % 26)) + " ";
  EXPECT_FALSE(guard::holds_any(*patterns, bytes_of(few)));
  std::string many;
  while (many.size() < 65536) many += "AIza";
  EXPECT_TRUE(guard::holds_any(*patterns, bytes_of(many)));
}

TEST(PassPatterns, OnlyPassesWithAPrefixCanBeLookedFor) {
  EXPECT_EQ(PassPatterns::make({}), nullptr);
  const std::vector<lease::SessionPass> passes = {known("sk"), known(std::string(33, 'a'))};
  EXPECT_EQ(PassPatterns::make(passes), nullptr);
}

}  // namespace
}  // namespace strongroom::gateway
