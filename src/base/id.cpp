// SPDX-License-Identifier: Apache-2.0
#include "base/id.h"

namespace strongroom::id_detail {
namespace {

constexpr std::string_view kAlphabet = "abcdefghijklmnopqrstuvwxyz234567";
constexpr std::size_t kTextSize = 26;  // 128 bits in fives, the last character carrying three

int value_of(char c) {
  if (c >= 'a' && c <= 'z') return c - 'a';
  if (c >= '2' && c <= '7') return c - '2' + 26;
  return -1;
}

}  // namespace

std::string to_text(std::string_view prefix, const IdBytes& bytes) {
  std::string text(prefix);
  text.reserve(prefix.size() + 1 + kTextSize);
  text += '_';
  unsigned pool = 0;
  int bits = 0;
  for (const std::uint8_t byte : bytes) {
    pool = (pool << 8U) | byte;
    bits += 8;
    for (; bits >= 5; bits -= 5) text += kAlphabet[(pool >> (bits - 5)) & 31U];
    pool &= 31U;
  }
  text += kAlphabet[(pool << (5 - bits)) & 31U];
  return text;
}

Result<IdBytes> from_text(std::string_view prefix, std::string_view text) {
  const auto wrong = [&] {
    return fail(Code::Invalid,
                "not an id of this kind: it looks like " + std::string(prefix) + "_...");
  };
  if (text.size() != prefix.size() + 1 + kTextSize || !text.starts_with(prefix) ||
      text[prefix.size()] != '_')
    return wrong();
  IdBytes bytes{};
  unsigned pool = 0;
  int bits = 0;
  std::size_t filled = 0;
  for (const char c : text.substr(prefix.size() + 1)) {
    const int value = value_of(c);
    if (value < 0) return wrong();
    pool = ((pool << 5U) | static_cast<unsigned>(value)) & 0xFFFU;
    bits += 5;
    if (bits < 8) continue;
    bits -= 8;
    bytes[filled++] = static_cast<std::uint8_t>(pool >> bits);
  }
  if ((pool & ((1U << bits) - 1U)) != 0) return wrong();
  return bytes;
}

}  // namespace strongroom::id_detail
