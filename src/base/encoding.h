// Encodings: hex, base64 (RFC 4648), percent (RFC 3986) and length-prefixed binary.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <concepts>
#include <optional>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/result.h"

namespace strongroom {

[[nodiscard]] std::string to_hex(ByteView bytes);
[[nodiscard]] std::optional<ByteVector> from_hex(std::string_view text);
/// Standard alphabet with padding.
[[nodiscard]] std::string to_base64(ByteView bytes);
[[nodiscard]] std::optional<ByteVector> from_base64(std::string_view text);
/// URL alphabet without padding.
[[nodiscard]] std::string to_base64url(ByteView bytes);
/// Strict: no padding, no non-canonical trailing bits.
[[nodiscard]] std::optional<ByteVector> from_base64url(std::string_view text);
/// Escapes all but RFC 3986 unreserved characters.
[[nodiscard]] std::string percent_encode(std::string_view text);
/// Decodes %XX only ('+' stays). Empty optional when an escape is malformed.
[[nodiscard]] std::optional<std::string> percent_decode(std::string_view text);

/// Appends big-endian integers and 32-bit length-prefixed strings; the canonical form for
/// associated data, row authentication and frames.
class Writer {
 public:
  explicit Writer(ByteVector& out) : out_(out) {}
  void u8(std::uint8_t v) { out_.push_back(v); }
  void u16(std::uint16_t v) { integer(v); }
  void u32(std::uint32_t v) { integer(v); }
  void u64(std::uint64_t v) { integer(v); }
  void i64(std::int64_t v) { integer(static_cast<std::uint64_t>(v)); }
  /// No length: for fixed-size fields.
  void raw(ByteView bytes) {
    if (bytes.empty()) return;
    std::memcpy(room_for(bytes.size()), bytes.data(), bytes.size());
  }
  void blob(ByteView bytes) {
    u32(static_cast<std::uint32_t>(bytes.size()));
    raw(bytes);
  }
  void text(std::string_view text) { blob(bytes_of(text)); }

 private:
  template <std::unsigned_integral T>
  void integer(T v) {
    std::uint8_t* const octets = room_for(sizeof(T));
    for (std::size_t i = 0; i < sizeof(T); ++i)
      octets[i] = static_cast<std::uint8_t>(v >> (8 * (sizeof(T) - 1 - i)));
  }
  std::uint8_t* room_for(std::size_t more) {
    const std::size_t size = out_.size();
    out_.resize(size + more);
    return out_.data() + size;
  }
  ByteVector& out_;
};

/// Reads what Writer wrote; once something is missing every later read answers zero or empty and
/// is_ok() is false.
class Reader {
 public:
  explicit Reader(ByteView in) : in_(in) {}
  std::uint8_t u8() { return static_cast<std::uint8_t>(integer(1)); }
  std::uint16_t u16() { return static_cast<std::uint16_t>(integer(2)); }
  std::uint32_t u32() { return static_cast<std::uint32_t>(integer(4)); }
  std::uint64_t u64() { return integer(8); }
  std::int64_t i64() { return static_cast<std::int64_t>(integer(8)); }
  ByteView raw(std::size_t size);
  /// A view into the input; refused (is_ok false) when longer than `limit`.
  ByteView blob(std::size_t limit = 16UL << 20U);
  std::string_view text(std::size_t limit = 1UL << 20U) { return text_of(blob(limit)); }
  [[nodiscard]] bool is_ok() const noexcept { return ok_; }
  [[nodiscard]] bool is_at_end() const noexcept { return ok_ && in_.empty(); }
  [[nodiscard]] std::size_t remaining() const noexcept { return in_.size(); }

 private:
  std::uint64_t integer(std::size_t size);
  ByteView in_;
  bool ok_ = true;
};

}  // namespace strongroom
