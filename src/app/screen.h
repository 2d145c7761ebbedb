// What a stream can show: a terminal has a width and, unless NO_COLOR is set, colours; a pipe or a
// file gets plain text. SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace strongroom::app {

enum class Style { Plain, Heading, Good, Bad, Doubtful, Faint };

struct Screen {
  bool is_terminal = false;
  bool has_colours = false;
  std::size_t columns = 80;

  /// `text` in the style; as it is where there are no colours.
  [[nodiscard]] std::string styled(Style style, std::string_view text) const;
};

/// Of an open descriptor, as STDOUT_FILENO.
[[nodiscard]] Screen screen_of(int descriptor);

/// How many columns UTF-8 takes; a character takes one.
[[nodiscard]] std::size_t width_of(std::string_view text);
/// At most `columns` of it; what was left out is shown by "…".
[[nodiscard]] std::string shortened(std::string_view text, std::size_t columns);
/// Broken between words into lines of at most `columns`, the second and later ones indented.
[[nodiscard]] std::string wrapped(std::string_view text, std::size_t columns, std::size_t indent);

}  // namespace strongroom::app
