// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

namespace strongroom::workroom {

/// Somebody else's message, for an error of ours: printable, one line, not long.
[[nodiscard]] std::string quoted_line(std::string_view text);

}  // namespace strongroom::workroom
