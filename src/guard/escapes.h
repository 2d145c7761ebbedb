// A key with some or all of its characters escaped: percent (RFC 3986 2.1), JSON (RFC 8259 7), HTML
// character references. For the guard's forms. SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>

#include "base/bytes.h"

namespace strongroom::guard {

enum class EscapeKind : std::uint8_t { Percent, Json, Html };

/// The longest reference that is read: "&#x00000041;".
inline constexpr std::size_t kLongestEscape = 12;

/// One escaped character.
struct UnescapedOne {
  enum class Outcome : std::uint8_t { No, Whole, Partial };
  Outcome outcome = Outcome::No;
  std::size_t size = 0;  ///< of a Whole, as it stands in the data
  std::uint8_t value = 0;
};
/// What an escape begins with.
[[nodiscard]] std::uint8_t mark_of(EscapeKind kind);
/// `data` begins with the mark. Partial: the data ends within what may be an escape.
[[nodiscard]] UnescapedOne read_escape(EscapeKind kind, ByteView data);

struct Unescaped {
  enum class Outcome : std::uint8_t { No, Whole, Partial };
  Outcome outcome = Outcome::No;
  std::size_t size = 0;  ///< of a Whole, as it stands in the data
};
/// Does `data` begin with `key`, each character of it as it is or escaped? Partial: the data ends
/// before that is known.
[[nodiscard]] Unescaped match_escaped(EscapeKind kind, ByteView key, ByteView data);

namespace detail {
struct Starts {
  std::array<std::uint8_t, 32> octets{};
  std::size_t count = 0;
};
[[nodiscard]] Starts escaped_starts(EscapeKind kind, ByteView key, std::size_t at);
[[nodiscard]] Starts plain_starts(ByteView key, std::size_t at);
}  // namespace detail

/// What may stand at place `at` (0 to 2) of a key whose first character is escaped.
template <class Each>
void for_each_escaped_start(EscapeKind kind, ByteView key, std::size_t at, Each&& each) {
  const auto starts = detail::escaped_starts(kind, key, at);
  for (std::size_t i = 0; i < starts.count; ++i) each(starts.octets[i]);
}
/// ... of one whose first character is as it is, and whose others may be escaped in any way.
template <class Each>
void for_each_plain_start(ByteView key, std::size_t at, Each&& each) {
  const auto starts = detail::plain_starts(key, at);
  for (std::size_t i = 0; i < starts.count; ++i) each(starts.octets[i]);
}

}  // namespace strongroom::guard
