// Patterns: what a guard looks for in octets that pass by, in whatever forms it may travel.
//
// Made by: ValuePatterns (one key, on its way back), PassPatterns (a session's passes, on their way
// out). Used by: Guard. Threads: read only once made. SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "base/bytes.h"
#include "guard/escapes.h"

namespace strongroom::guard {

/// The first place where a form stands, or where the data ends within one that may be a form.
struct Found {
  enum class Kind : std::uint8_t { Nothing, Whole, Partial };
  Kind kind = Kind::Nothing;
  std::size_t begin = 0;
  std::size_t size = 0;   ///< of a Whole
  std::size_t which = 0;  ///< of several values: which one
};

class Patterns {
 public:
  Patterns(const Patterns&) = delete;
  Patterns& operator=(const Patterns&) = delete;
  virtual ~Patterns() = default;
  /// At or after `from`.
  [[nodiscard]] virtual Found find(ByteView data, std::size_t from) const = 0;

 protected:
  /// A bit each in Starts.
  enum Form : std::uint8_t {
    Raw,
    Base64First,
    Base64Second,
    Base64Third,
    Hex,
    Percent,
    Json,
    Html
  };

  Patterns() = default;
  /// Of Percent, Json and Html.
  [[nodiscard]] static EscapeKind kind_of(Form form) {
    if (form == Percent) return EscapeKind::Percent;
    return form == Json ? EscapeKind::Json : EscapeKind::Html;
  }
  /// The forms to try where these may begin: what begins as it is may be escaped further on.
  [[nodiscard]] static unsigned with_escaped(unsigned forms) {
    const bool is_plain = (forms & (1U << Raw)) != 0;
    return is_plain ? forms | 1U << Percent | 1U << Json | 1U << Html : forms;
  }
};

/// Does a form stand anywhere in the data, which is all there is?
[[nodiscard]] bool holds_any(const Patterns& patterns, ByteView data);

}  // namespace strongroom::guard
