// The forms of a key that docs/guards.md promises to find, spelled as encoders spell them, and
// decoders that undo them, more leniently than most. Shares no code with what it is to prove: a
// mistake in a room's own encoders shows.
//
// Used by: the fuzz target of the guards. SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdio>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace strongroom::fuzz {

/// One way to write a key.
struct SpelledForm {
  std::string written;  ///< what stands in the data
  std::string kept;     ///< of that, what the key alone decides: must never come out
};

namespace detail {

constexpr std::string_view kBase64 =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

inline std::string base64(std::string_view text) {
  std::string out;
  unsigned bits = 0;
  unsigned count = 0;
  for (const char c : text) {
    bits = (bits << 8U | static_cast<std::uint8_t>(c)) & 0xFFFFU;
    for (count += 8; count >= 6; count -= 6) out += kBase64[bits >> (count - 6) & 63U];
  }
  if (count > 0) out += kBase64[bits << (6 - count) & 63U];
  return out.append((4 - out.size() % 4) % 4, '=');
}

/// Which characters its neighbours have a part in shows when they are changed, all bits of them.
inline std::string base64_kept(std::string_view before, std::string_view key) {
  const auto beside = [&](char filler) {
    return base64(std::string(before.size(), filler) + std::string(key) + std::string(3, filler));
  };
  const std::string zeros = beside('\0');
  const std::string ones = beside('\xFF');
  std::string out;
  for (std::size_t i = 0; i < zeros.size(); ++i)
    if (zeros[i] == ones[i] && zeros[i] != '=') out += zeros[i];
  return out;
}

inline std::string as_url(std::string text) {
  std::ranges::replace(text, '+', '-');
  std::ranges::replace(text, '/', '_');
  std::erase(text, '=');
  return text;
}

inline std::string each(std::string_view key, const char* format) {
  std::string out;
  for (const char c : key) {
    std::array<char, 16> one{};
    std::snprintf(one.data(), one.size(), format, unsigned{static_cast<std::uint8_t>(c)});
    out += one.data();
  }
  return out;
}

using Escape = std::pair<char, std::string_view>;
constexpr Escape kUsualPercent[] = {{' ', "+"},   {'+', "%2B"}, {'/', "%2F"}, {'"', "%22"},
                                    {'%', "%25"}, {'&', "%26"}, {'>', "%3E"}, {'?', "%3F"}};
constexpr Escape kUsualJson[] = {{'"', "\\\""}, {'\\', "\\\\"}, {'/', "\\/"}};
constexpr Escape kUsualHtml[] = {{'"', "&quot;"}, {'&', "&amp;"}, {'>', "&gt;"}, {'/', "&sol;"}};

/// Only what has to be escaped.
template <std::size_t kCount>
std::string usual(std::string_view key, const Escape (&escapes)[kCount]) {
  std::string out;
  for (const char c : key) {
    const auto* const found = std::ranges::find(escapes, c, &Escape::first);
    out += found == std::end(escapes) ? std::string_view(&c, 1) : found->second;
  }
  return out;
}

}  // namespace detail

inline std::vector<SpelledForm> spelled_forms(std::string_view key) {
  using namespace detail;
  std::vector<SpelledForm> out;
  const auto whole = [&](const std::string& text) { out.push_back({text, text}); };
  whole(std::string(key));
  for (const std::string before : {"", "x", "xy", "user:"}) {  // the last: a Basic pair
    const std::string text = base64(before + std::string(key));
    const std::string kept = base64_kept(before, key);
    out.push_back({text, kept});
    out.push_back({as_url(text), as_url(kept)});
  }
  for (const char* format : {"%%%02X", "%%%02x", "\\u%04x", "\\u%04X", "&#%u;", "&#x%x;",
                             "&#X%02X;", "&#%03u;", "%02x", "%02X"})
    whole(each(key, format));
  whole(usual(key, kUsualPercent));
  whole(usual(key, kUsualJson));
  whole(usual(key, kUsualHtml));
  return out;
}

namespace detail {

inline int digit_of(char c) {
  constexpr std::string_view kDigits = "0123456789abcdef0123456789ABCDEF";
  const auto at = kDigits.find(c);
  return at == std::string_view::npos ? -1 : static_cast<int>(at % 16);
}

/// Up to `most` digits; the value, and how many there were.
inline std::pair<unsigned, std::size_t> number(std::string_view text, int base, std::size_t most) {
  unsigned value = 0;
  std::size_t at = 0;
  for (; at < text.size() && at < most; ++at) {
    const int digit = digit_of(text[at]);
    if (digit < 0 || digit >= base) break;
    value = value * static_cast<unsigned>(base) + static_cast<unsigned>(digit);
  }
  return {value, at};
}

/// What stands at the beginning of a text, and how long it is there; 0: it is no escape.
struct Read {
  char character = 0;
  std::size_t size = 0;
};

inline Read of_number(std::string_view text, std::size_t skipped, int base, std::size_t least,
                      std::size_t most, std::string_view end) {
  const auto [value, digits] = number(text.substr(skipped), base, most);
  const std::string_view behind = text.substr(skipped + digits);
  if (digits < least || value > 0xFF || !behind.starts_with(end)) return {};
  return {static_cast<char>(value), skipped + digits + end.size()};
}

inline Read read_percent(std::string_view text) {
  if (text[0] == '+') return {' ', 1};
  return text[0] == '%' ? of_number(text, 1, 16, 2, 2, "") : Read{};
}

inline Read of_usual(std::string_view text, std::span<const Escape> escapes) {
  for (const auto& [character, escape] : escapes)
    if (text.starts_with(escape)) return {character, escape.size()};
  return {};
}

inline Read read_json(std::string_view text) {
  if (text.starts_with("\\u")) return of_number(text, 2, 16, 4, 4, "");
  return of_usual(text, kUsualJson);
}

inline Read read_html(std::string_view text) {
  if (text.starts_with("&#x") || text.starts_with("&#X")) return of_number(text, 3, 16, 1, 8, ";");
  if (text.starts_with("&#")) return of_number(text, 2, 10, 1, 9, ";");
  return of_usual(text, kUsualHtml);
}

template <class ReadOne>
std::string decoded(std::string_view text, ReadOne read) {
  std::string out;
  while (!text.empty()) {
    const Read one = read(text);
    out += one.size > 0 ? one.character : text[0];
    text.remove_prefix(std::max<std::size_t>(one.size, 1));
  }
  return out;
}

/// All of them digits of `width` bits each.
template <class ValueOf>
std::string from_digits(std::string_view digits, unsigned width, ValueOf value_of) {
  std::string out;
  unsigned bits = 0;
  unsigned count = 0;
  for (const char c : digits) {
    bits = (bits << width | static_cast<unsigned>(value_of(c))) & 0xFFFFU;
    count += width;
    if (count < 8) continue;
    count -= 8;
    out += static_cast<char>(bits >> count);
  }
  return out;
}

inline int base64_value(char c) {
  const auto at = kBase64.find(c == '-' ? '+' : c == '_' ? '/' : c);
  return at == std::string_view::npos ? -1 : static_cast<int>(at);
}

/// Each run of digits on its own, from each place on where an octet may begin. Short ones hold
/// nothing that is looked for.
template <class ValueOf, class Take>
void each_run(std::string_view text, unsigned width, ValueOf value_of, Take& take) {
  constexpr std::size_t kShortest = 11;
  const auto is_digit = [&](char c) { return value_of(c) >= 0; };
  while (!text.empty()) {
    const auto* const begin = std::ranges::find_if(text, is_digit);
    const auto* const end = std::find_if_not(begin, text.end(), is_digit);
    const std::string_view run(begin, end);
    for (std::size_t from = 0; from < 4 && run.size() >= kShortest; ++from)
      take(from_digits(run.substr(from), width, value_of));
    text = std::string_view(end, text.end());
  }
}

}  // namespace detail

/// The text as it is and decoded in each of the ways that there are.
template <class Take>
void each_reading(std::string_view text, Take take) {
  using namespace detail;
  take(std::string(text));
  for (const auto read : {read_percent, read_json, read_html}) take(decoded(text, read));
  each_run(text, 4, digit_of, take);
  each_run(text, 6, base64_value, take);
}

}  // namespace strongroom::fuzz
