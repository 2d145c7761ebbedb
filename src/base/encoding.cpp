// SPDX-License-Identifier: Apache-2.0
#include "base/encoding.h"

#include <array>

#include "base/encoding_in_place.h"

namespace strongroom {
namespace {

constexpr std::string_view kHex = "0123456789abcdef";
constexpr std::string_view kStandard =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr std::string_view kUrl =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
constexpr std::uint8_t kNone = 0xFF;

constexpr std::array<std::uint8_t, 256> reverse(std::string_view alphabet) {
  std::array<std::uint8_t, 256> table{};
  table.fill(kNone);
  for (std::size_t i = 0; i < alphabet.size(); ++i)
    table[static_cast<std::uint8_t>(alphabet[i])] = static_cast<std::uint8_t>(i);
  return table;
}
constexpr auto kStandardReverse = reverse(kStandard);
constexpr auto kUrlReverse = reverse(kUrl);

int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

std::string encode64(ByteView bytes, std::string_view alphabet) {
  std::string text;
  text.reserve((bytes.size() * 4 + 2) / 3 + 3);
  std::size_t i = 0;
  for (; i + 3 <= bytes.size(); i += 3) {
    const unsigned block = unsigned{bytes[i]} << 16U | unsigned{bytes[i + 1]} << 8U | bytes[i + 2];
    for (const unsigned shift : {18U, 12U, 6U, 0U}) text += alphabet[(block >> shift) & 63U];
  }
  if (bytes.size() - i == 1) {
    text += alphabet[bytes[i] >> 2U];
    text += alphabet[(bytes[i] & 3U) << 4U];
  } else if (bytes.size() - i == 2) {
    const unsigned block = unsigned{bytes[i]} << 8U | bytes[i + 1];
    text += alphabet[block >> 10U];
    text += alphabet[(block >> 4U) & 63U];
    text += alphabet[(block & 15U) << 2U];
  }
  return text;
}

std::optional<ByteVector> decode64(std::string_view text,
                                   const std::array<std::uint8_t, 256>& table) {
  if (text.size() % 4 == 1) return std::nullopt;
  ByteVector bytes;
  bytes.reserve(text.size() * 3 / 4);
  unsigned pool = 0;
  unsigned bits = 0;
  for (const char c : text) {
    const std::uint8_t value = table[static_cast<std::uint8_t>(c)];
    if (value == kNone) return std::nullopt;
    pool = ((pool << 6U) | value) & 0xFFFFU;
    bits += 6;
    if (bits < 8) continue;
    bits -= 8;
    bytes.push_back(static_cast<std::uint8_t>(pool >> bits));
  }
  if ((pool & ((1U << bits) - 1U)) != 0) return std::nullopt;
  return bytes;
}

}  // namespace

std::string to_hex(ByteView bytes) {
  std::string text;
  text.reserve(bytes.size() * 2);
  for (const std::uint8_t byte : bytes) {
    text += kHex[byte >> 4U];
    text += kHex[byte & 15U];
  }
  return text;
}

std::optional<ByteVector> from_hex(std::string_view text) {
  if (text.size() % 2 != 0) return std::nullopt;
  ByteVector bytes;
  bytes.reserve(text.size() / 2);
  for (std::size_t i = 0; i < text.size(); i += 2) {
    const int high = hex_value(text[i]);
    const int low = hex_value(text[i + 1]);
    if (high < 0 || low < 0) return std::nullopt;
    bytes.push_back(static_cast<std::uint8_t>(high * 16 + low));
  }
  return bytes;
}

std::string to_base64(ByteView bytes) {
  std::string text = encode64(bytes, kStandard);
  while (text.size() % 4 != 0) text += '=';
  return text;
}

std::optional<ByteVector> from_base64(std::string_view text) {
  if (text.size() % 4 != 0) return std::nullopt;
  if (text.ends_with("==")) {
    text.remove_suffix(2);
  } else if (text.ends_with('=')) {
    text.remove_suffix(1);
  }
  return decode64(text, kStandardReverse);
}

std::string to_base64url(ByteView bytes) {
  return encode64(bytes, kUrl);
}

std::optional<ByteVector> from_base64url(std::string_view text) {
  return decode64(text, kUrlReverse);
}

std::string percent_encode(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  put_percent_encoded(bytes_of(text), [&](char c) { out += c; });
  return out;
}

std::optional<std::string> percent_decode(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      out += text[i];
      continue;
    }
    if (i + 2 >= text.size()) return std::nullopt;
    const int high = hex_value(text[i + 1]);
    const int low = hex_value(text[i + 2]);
    if (high < 0 || low < 0) return std::nullopt;
    out += static_cast<char>(high * 16 + low);
    i += 2;
  }
  return out;
}

ByteView Reader::raw(std::size_t size) {
  if (!ok_ || in_.size() < size) {
    ok_ = false;
    return {};
  }
  const ByteView out = in_.first(size);
  in_ = in_.subspan(size);
  return out;
}

ByteView Reader::blob(std::size_t limit) {
  const std::size_t size = u32();
  if (size > limit) ok_ = false;
  return ok_ ? raw(size) : ByteView();
}

std::uint64_t Reader::integer(std::size_t size) {
  std::uint64_t value = 0;
  for (const std::uint8_t byte : raw(size)) value = (value << 8U) | byte;
  return value;
}

}  // namespace strongroom
