// SPDX-License-Identifier: Apache-2.0
#include "guard/guard.h"
#include "guard/value_patterns.h"

#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

#include "base/encoding.h"

namespace strongroom::guard {
namespace {

const std::string kKey = "AIzaSy-Q7_x\"/&%<b>9Zz+k=Plq8w2";

std::shared_ptr<const ValuePatterns> patterns(const std::string& key = kKey) {
  return ValuePatterns::make(Secret(bytes_of(std::string_view(key))));
}

std::string number(const char* format, unsigned value) {
  char text[16];
  std::snprintf(text, sizeof(text), format, value);
  return text;
}

std::string each(const std::string& key, const std::function<std::string(unsigned char)>& as) {
  std::string out;
  for (const char c : key) out += as(static_cast<unsigned char>(c));
  return out;
}

std::string hex(const std::string& key, bool is_upper) {
  return each(key, [&](unsigned char c) { return number(is_upper ? "%02X" : "%02x", c); });
}

std::string base64(const std::string& text, bool is_url) {
  return is_url ? to_base64url(bytes_of(std::string_view(text)))
                : to_base64(bytes_of(std::string_view(text)));
}

/// Every form that the guard must know, by name; `random` decides which characters are escaped.
std::vector<std::pair<std::string, std::string>> forms(const std::string& key,
                                                       std::mt19937& random) {
  // No encoder leaves its own mark as it is: what follows would be read as an escape.
  const auto some = [&](char mark, const std::function<std::string(unsigned char)>& as) {
    return each(key, [&](unsigned char c) {
      return static_cast<char>(c) == mark || random() % 2 == 0
                 ? as(c)
                 : std::string(1, static_cast<char>(c));
    });
  };
  const auto percent = [](unsigned char c) { return number("%%%02X", c); };
  const auto small_percent = [](unsigned char c) { return number("%%%02x", c); };
  const auto json = [](unsigned char c) { return number("\\u%04x", c); };
  const auto big_json = [](unsigned char c) { return number("\\u%04X", c); };
  const auto html = [](unsigned char c) { return number("&#%u;", c); };
  const auto hex_html = [](unsigned char c) { return number("&#x%X;", c); };
  const auto usual_json = [](unsigned char c) -> std::string {
    return c == '"'    ? "\\\""
           : c == '/'  ? "\\/"
           : c == '\\' ? "\\\\"
                       : std::string(1, static_cast<char>(c));
  };
  const auto usual_html = [](unsigned char c) -> std::string {
    switch (c) {
      case '&':
        return "&amp;";
      case '<':
        return "&lt;";
      case '>':
        return "&gt;";
      case '"':
        return "&quot;";
      default:
        return {static_cast<char>(c)};
    }
  };
  return {{"raw", key},
          {"hex", hex(key, false)},
          {"HEX", hex(key, true)},
          {"base64 0", base64(key, false)},
          {"base64 1", base64("x" + key, false)},
          {"base64 2", base64("xy" + key, false)},
          {"base64 in the middle", base64("user:" + key + ", and more", false)},
          {"base64url 0", base64(key, true)},
          {"base64url 1", base64("x" + key + "z", true)},
          {"base64url 2", base64("xy" + key, true)},
          {"percent", each(key, percent)},
          {"some percent", some('%', percent)},
          {"some small percent", some('%', small_percent)},
          {"json", each(key, json)},
          {"some json", some('\\', big_json)},
          {"usual json", each(key, usual_json)},
          {"html", each(key, html)},
          {"some html", some('&', hex_html)},
          {"usual html", each(key, usual_html)}};
}

std::string through(Guard& guard, const std::vector<std::string>& pieces) {
  std::string out;
  for (std::string piece : pieces) {
    const ByteView now =
        guard.feed(MutableBytes(reinterpret_cast<std::uint8_t*>(piece.data()), piece.size()));
    out += text_of(now);
  }
  out += text_of(guard.feed({}, Ends::All));
  return out;
}

/// Of the form's own characters (base64's first and last may belong to the neighbours).
bool shows(const std::string& out, const std::string& form) {
  return out.find(form.substr(4, form.size() - 8)) != std::string::npos;
}

TEST(Guard, C2_C3_masks_every_form_with_the_same_length) {
  std::mt19937 random(1);
  for (const auto& [name, form] : forms(kKey, random)) {
    Guard guard(patterns());
    const std::string in = "{\"said\": \"" + form + "\"}\n\n";
    const std::string out = through(guard, {in});
    EXPECT_EQ(out.size(), in.size()) << name;
    EXPECT_FALSE(shows(out, form)) << name << ": " << out;
    EXPECT_EQ(guard.hits(), 1U) << name;
    EXPECT_TRUE(out.starts_with("{\"said\": \"") && out.ends_with("\"}\n\n"))
        << name << ": " << out;
  }
}

TEST(Guard, C4_no_split_lets_a_form_through_or_changes_what_comes_out) {
  std::mt19937 random(2);
  for (const auto& [name, form] : forms(kKey, random)) {
    const std::string in = "ab " + form + " cd " + form.substr(0, form.size() / 2) + "!";
    Guard all(patterns());
    const std::string expected = through(all, {in});
    for (std::size_t cut = 0; cut <= in.size(); ++cut) {
      Guard guard(patterns());
      EXPECT_EQ(through(guard, {in.substr(0, cut), in.substr(cut)}), expected) << name << cut;
    }
    Guard single(patterns());
    std::vector<std::string> octets;
    for (const char c : in) octets.emplace_back(1, c);
    EXPECT_EQ(through(single, octets), expected) << name;
  }
}

TEST(Guard, AnEventIsForwardedAtOnce) {
  Guard guard(patterns());
  std::string event = "data: {\"text\": \"Hello AIza, 100% of A&B\"}\n\n";
  const ByteView now =
      guard.feed(MutableBytes(reinterpret_cast<std::uint8_t*>(event.data()), event.size()));
  EXPECT_EQ(now.size(), event.size());
  EXPECT_FALSE(guard.is_holding());
}

TEST(Guard, HoldsBackOnlyWhatMayBeAHit) {
  Guard guard(patterns());
  std::string text = "see " + kKey.substr(0, 9);
  const ByteView now =
      guard.feed(MutableBytes(reinterpret_cast<std::uint8_t*>(text.data()), text.size()));
  EXPECT_EQ(text_of(now), "see ");
  EXPECT_TRUE(guard.is_holding());
  EXPECT_EQ(text_of(guard.feed({}, Ends::All)), kKey.substr(0, 9));
}

std::string fed(Guard& guard, std::string piece, Ends ends) {
  return std::string(text_of(
      guard.feed(MutableBytes(reinterpret_cast<std::uint8_t*>(piece.data()), piece.size()), ends)));
}

TEST(Guard, AMessageThatEndsLikeTheBeginningOfAFormIsForwardedAtOnce) {
  for (std::size_t size = 0; size <= Guard::kLetGo; ++size) {
    Guard guard(patterns());
    const std::string start = "message" + kKey.substr(0, size);
    EXPECT_EQ(fed(guard, start, Ends::Message), start);
    EXPECT_FALSE(guard.is_holding());
    EXPECT_EQ(fed(guard, "another", Ends::Message), "another");
    EXPECT_EQ(fed(guard, {}, Ends::All), "");
    EXPECT_EQ(guard.hits(), 0U);
  }
}

TEST(Guard, C4_a_form_that_goes_on_behind_the_end_of_a_message_is_masked) {
  for (std::size_t cut = 1; cut < kKey.size(); ++cut) {
    Guard guard(patterns());
    std::string out = fed(guard, "ab" + kKey.substr(0, cut), Ends::Message);
    EXPECT_LE(out.size(), 2 + Guard::kLetGo);
    const std::size_t shown = out.size() - 2;
    out += fed(guard, kKey.substr(cut) + "cd", Ends::Message);
    EXPECT_EQ(out, "ab" + kKey.substr(0, shown) + std::string(kKey.size() - shown, '*') + "cd");
    EXPECT_EQ(guard.hits(), 1U);
  }
}

/// The same octets come out as of one piece, but for at most kLetGo of each form.
TEST(Guard, C4_no_message_that_is_claimed_to_end_lets_a_form_through) {
  std::mt19937 random(5);
  for (unsigned round = 0; round < 100; ++round) {
    for (const auto& [name, form] : forms(kKey, random)) {
      const std::string in = "ab " + form + form.substr(0, 3) + form + " cd " + form.substr(0, 9);
      Guard whole(patterns());
      const std::string expected = through(whole, {in});
      Guard guard(patterns());
      std::string out;
      for (std::size_t at = 0; at < in.size();) {
        const std::size_t size = 1 + random() % (round % 10 + 1);
        out += fed(guard, in.substr(at, size), random() % 2 == 0 ? Ends::Message : Ends::Nothing);
        at += size;
      }
      out += fed(guard, {}, Ends::All);
      ASSERT_EQ(out.size(), in.size()) << name;
      ASSERT_EQ(guard.hits(), whole.hits()) << name;
      ASSERT_FALSE(shows(out, form)) << name << ": " << out;
      std::size_t differing = 0;
      for (std::size_t i = 0; i < out.size(); ++i)
        if (out[i] != expected[i]) ++differing;
      ASSERT_LE(differing, Guard::kLetGo * whole.hits()) << name << ": " << out;
    }
  }
}

TEST(Guard, C11_other_text_stays_as_it_is) {
  std::mt19937 random(3);
  Guard guard(patterns());
  std::string text(200'000, ' ');
  for (char& c : text) c = static_cast<char>(random() % 256);
  std::string near;
  for (int i = 0; i < 2000; ++i) near += kKey.substr(0, random() % (kKey.size() - 1)) + "%4\\u00&#";
  EXPECT_EQ(through(guard, {text, near, text}), text + near + text);
  EXPECT_EQ(guard.hits(), 0U);
}

TEST(Guard, AShortKeyIsNotSearchedFor) {
  EXPECT_EQ(patterns("secret7"), nullptr);
}

TEST(Guard, RandomKeysFormsAndSplits) {
  std::mt19937 random(4);
  for (int round = 0; round < 200; ++round) {
    std::string key(12 + random() % 60, 'a');
    for (char& c : key) c = static_cast<char>(33 + random() % 94);
    const auto all = forms(key, random);
    std::string in;
    std::vector<std::string> pieces;
    for (int i = 0; i < 8; ++i) {
      in += all[random() % all.size()].second;
      in += std::string(random() % 40, static_cast<char>(33 + random() % 94));
    }
    for (std::size_t at = 0; at < in.size();) {
      const std::size_t size = 1 + random() % 50;
      pieces.push_back(in.substr(at, size));
      at += size;
    }
    Guard one(patterns(key));
    Guard many(patterns(key));
    const std::string out = through(many, pieces);
    ASSERT_EQ(out, through(one, {in})) << key;
    ASSERT_EQ(out.size(), in.size());
    for (const auto& [name, form] : all) ASSERT_FALSE(shows(out, form)) << name << " of " << key;
  }
}

}  // namespace
}  // namespace strongroom::guard
