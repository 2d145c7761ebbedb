// The character classes of HTTP/1 and the interned header names. Inside the room only.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <bit>
#include <cstdint>
#include <cstring>
#include <string_view>

#include "http/head.h"

namespace strongroom::http {

namespace syntax {

enum Class : std::uint8_t {
  kToken = 1,
  kTarget = 2,
  kHost = 4,
  kBase64 = 8,
  kValue = 16,
  kHex = 32
};

consteval std::array<std::uint8_t, 256> make_classes() {
  std::array<std::uint8_t, 256> table{};
  const auto add = [&table](std::string_view octets, std::uint8_t what) {
    for (const char c : octets) table[static_cast<std::uint8_t>(c)] |= what;
  };
  constexpr std::string_view kLetters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
  constexpr std::string_view kDigits = "0123456789";
  add(kLetters, kToken | kHost | kBase64);
  add(kDigits, kToken | kHost | kBase64 | kHex);
  add("abcdefABCDEF", kHex);
  add("!#$%&'*+-.^_`|~", kToken);
  add("-._:[]", kHost);
  add("+/", kBase64);
  // RFC 3986 and what the URL living standard leaves raw in queries ({ } | ^ `); never a fragment,
  // a backslash, quotes or brackets.
  for (unsigned c = 0x21; c < 0x7f; ++c) table[c] |= kTarget;
  for (const char c : {'#', '\\', '"', '<', '>'})
    table[static_cast<std::uint8_t>(c)] &= static_cast<std::uint8_t>(~unsigned{kTarget});
  // RFC 9110 5.5: field-vchar, obs-text, blanks.
  for (unsigned c = 0x20; c < 0x100; ++c)
    if (c != 0x7f) table[c] |= kValue;
  table['\t'] |= kValue;
  return table;
}
inline constexpr std::array<std::uint8_t, 256> kClasses = make_classes();

[[nodiscard]] inline bool is(char c, Class what) {
  return (kClasses[static_cast<std::uint8_t>(c)] & what) != 0;
}

}  // namespace syntax

[[nodiscard]] inline bool is_token_char(char c) { return syntax::is(c, syntax::kToken); }
[[nodiscard]] inline bool is_target_char(char c) { return syntax::is(c, syntax::kTarget); }
[[nodiscard]] inline bool is_host_char(char c) { return syntax::is(c, syntax::kHost); }
[[nodiscard]] inline bool is_base64_char(char c) { return syntax::is(c, syntax::kBase64); }
[[nodiscard]] inline bool is_value_char(char c) { return syntax::is(c, syntax::kValue); }
[[nodiscard]] inline bool is_hex_char(char c) { return syntax::is(c, syntax::kHex); }
[[nodiscard]] inline bool is_digit(char c) { return c >= '0' && c <= '9'; }
[[nodiscard]] inline bool is_blank(char c) { return c == ' ' || c == '\t'; }
[[nodiscard]] bool is_port(std::string_view text);

/// The first octet that may not stand in a token.
[[nodiscard]] inline const char* skip_token_octets(const char* at, const char* end) {
  while (end - at >= 4) {
    if (!is_token_char(at[0])) return at;
    if (!is_token_char(at[1])) return at + 1;
    if (!is_token_char(at[2])) return at + 2;
    if (!is_token_char(at[3])) return at + 3;
    at += 4;
  }
  while (at != end && is_token_char(*at)) ++at;
  return at;
}

/// The first octet that may not stand in a header's value. Eight at a time while none is a control
/// character (a tab ends a run of eight).
[[nodiscard]] inline const char* skip_value_octets(const char* at, const char* end) {
  constexpr std::uint64_t kOnes = 0x0101010101010101ULL;
  constexpr std::uint64_t kHighs = 0x8080808080808080ULL;
  for (;;) {
    while (end - at >= 8) {
      std::uint64_t word = 0;
      std::memcpy(&word, at, sizeof(word));
      const std::uint64_t below_blank = (word - kOnes * 0x20) & ~word;
      const std::uint64_t is_delete = ((word ^ (kOnes * 0x7f)) - kOnes) & ~(word ^ (kOnes * 0x7f));
      const std::uint64_t stops = (below_blank | is_delete) & kHighs;
      if (stops != 0) {
        // The lowest mark is exact; marks above it may be false through borrowing.
        if constexpr (std::endian::native == std::endian::little) at += std::countr_zero(stops) / 8;
        break;
      }
      at += 8;
    }
    while (at != end && is_value_char(*at)) {
      const bool was_tab = *at == '\t';
      ++at;
      if (was_tab && end - at >= 8) break;
    }
    if (at == end || !is_value_char(*at)) return at;
  }
}

/// The interned name, letter case ignored.
[[nodiscard]] Name name_id(std::string_view name);

}  // namespace strongroom::http
