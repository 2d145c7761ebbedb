// How templates in catalog/*.toml are written: text with names in braces. Which names there are is
// known to rules.cpp (where each may stand) and workroom/templates.cpp (what each becomes).
//
// Used by: catalog, workroom. Threads: any. SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

#include "base/result.h"

namespace strongroom::catalog {

struct TemplatePiece {
  bool is_name = false;   ///< what stood between two braces; else text as it is
  std::string_view text;  ///< of the template itself
};

/// Takes the first piece off `rest`, which is not empty. "{{" and "}}" are a brace of the text;
/// Invalid where another brace has not its other.
[[nodiscard]] Result<TemplatePiece> take_piece(std::string_view& rest);
/// Does it name the key, in whichever form?
[[nodiscard]] bool holds_value(std::string_view text);

}  // namespace strongroom::catalog
