// SPDX-License-Identifier: Apache-2.0
#include "crypto/cbor.h"

#include <limits>

#include "base/utf8.h"

namespace strongroom::crypto {
namespace {

constexpr std::uint8_t kUnsigned = 0;
constexpr std::uint8_t kNegative = 1;
constexpr std::uint8_t kBytes = 2;
constexpr std::uint8_t kText = 3;
constexpr std::uint8_t kArray = 4;
constexpr std::uint8_t kMap = 5;
constexpr std::uint8_t kSimple = 7;
constexpr std::uint8_t kFalse = 20;
constexpr std::uint8_t kNull = 22;
constexpr unsigned kMostDeep = 4;  ///< CTAP2

}  // namespace

std::optional<CborReader::Head> CborReader::head() {
  if (!ok_ || rest_.empty()) return failed();
  Head out;
  out.kind = static_cast<std::uint8_t>(rest_[0] >> 5U);
  const unsigned low = rest_[0] & 0x1FU;
  rest_ = rest_.subspan(1);
  if (low < 24) {
    out.argument = low;
    return out;
  }
  if (low > 27 || out.kind == kSimple) return failed();
  const std::size_t size = std::size_t{1} << (low - 24);
  if (rest_.size() < size) return failed();
  for (std::size_t i = 0; i < size; ++i) out.argument = (out.argument << 8U) | rest_[i];
  rest_ = rest_.subspan(size);
  // Would the next shorter form have held it?
  const std::uint64_t smallest = size == 1 ? 24 : std::uint64_t{1} << (size * 4);
  if (out.argument < smallest) return failed();
  return out;
}

std::optional<ByteView> CborReader::content(std::uint64_t size) {
  if (size > rest_.size()) return failed();
  const ByteView out = rest_.first(static_cast<std::size_t>(size));
  rest_ = rest_.subspan(out.size());
  return out;
}

std::optional<std::int64_t> CborReader::integer() {
  const auto read = head();
  if (!read || read->kind > kNegative ||
      read->argument > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max()))
    return failed();
  const auto value = static_cast<std::int64_t>(read->argument);
  return read->kind == kUnsigned ? value : -1 - value;
}

std::optional<ByteView> CborReader::bytes() {
  const auto read = head();
  if (!read || read->kind != kBytes) return failed();
  return content(read->argument);
}

std::optional<std::string_view> CborReader::text() {
  const auto read = head();
  if (!read || read->kind != kText) return failed();
  const auto octets = content(read->argument);
  if (!octets || !is_utf8(text_of(*octets))) return failed();
  return text_of(*octets);
}

std::optional<std::size_t> CborReader::map() {
  const auto read = head();
  // Each pair has two octets at the least.
  if (!read || read->kind != kMap || read->argument > rest_.size() / 2) return failed();
  return static_cast<std::size_t>(read->argument);
}

bool CborReader::skip() {
  return skip(0);
}

bool CborReader::skip(unsigned depth) {
  const auto read = head();
  if (!read) return false;
  switch (read->kind) {
    case kUnsigned:
    case kNegative:
      return true;
    case kBytes:
      return content(read->argument).has_value();
    case kText: {
      const auto octets = content(read->argument);
      ok_ = octets && is_utf8(text_of(*octets));
      return ok_;
    }
    case kArray:
    case kMap: {
      const std::uint64_t each = read->kind == kMap ? 2 : 1;
      if (depth >= kMostDeep || read->argument > rest_.size() / each) return ok_ = false;
      for (std::uint64_t left = read->argument * each; left > 0; --left)
        if (!skip(depth + 1)) return false;
      return true;
    }
    default:
      ok_ = read->kind == kSimple && read->argument >= kFalse && read->argument <= kNull;
      return ok_;
  }
}

}  // namespace strongroom::crypto
