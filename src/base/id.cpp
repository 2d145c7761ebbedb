// SPDX-License-Identifier: Apache-2.0
#include "base/id.h"

#include <array>

namespace strongroom::id_detail {
namespace {

constexpr std::string_view kAlphabet = "abcdefghijklmnopqrstuvwxyz234567";
constexpr std::size_t kTextSize = 26;  // 128 bits in fives, the last character carrying three

constexpr std::uint8_t kNone = 0xFF;

/// By character: a start reads millions of ids.
constexpr auto kValues = [] {
  std::array<std::uint8_t, 256> values{};
  values.fill(kNone);
  for (std::size_t i = 0; i < kAlphabet.size(); ++i)
    values[static_cast<std::uint8_t>(kAlphabet[i])] = static_cast<std::uint8_t>(i);
  return values;
}();

/// Eight characters are five octets; kNone among them sets a bit that no value has.
bool read_group(const char* characters, std::uint8_t* octets) {
  std::uint64_t pool = 0;
  std::uint8_t seen = 0;
  for (std::size_t i = 0; i < 8; ++i) {
    const std::uint8_t value = kValues[static_cast<std::uint8_t>(characters[i])];
    seen |= value;
    pool = (pool << 5U) | value;
  }
  for (std::size_t i = 5; i-- > 0; pool >>= 8U) octets[i] = static_cast<std::uint8_t>(pool);
  return (seen & 0x80U) == 0;
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
  const char* const characters = text.data() + prefix.size() + 1;
  bool is_right = true;
  for (std::size_t group = 0; group < 3; ++group)
    is_right = read_group(characters + 8 * group, bytes.data() + 5 * group) && is_right;
  // Two characters are left for one octet: two bits more, which are 0.
  const std::uint8_t first = kValues[static_cast<std::uint8_t>(characters[24])];
  const std::uint8_t second = kValues[static_cast<std::uint8_t>(characters[25])];
  if (!is_right || ((first | second) & 0x80U) != 0 || (second & 3U) != 0) return wrong();
  bytes[15] = static_cast<std::uint8_t>((first << 3U) | (second >> 2U));
  return bytes;
}

}  // namespace strongroom::id_detail
