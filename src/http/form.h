// The fields of a query or of a form's body: application/x-www-form-urlencoded (WHATWG URL 5.1).
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace strongroom::http {

using TextPairs = std::vector<std::pair<std::string, std::string>>;

/// In order, names and values decoded: '+' is a blank, %XX an octet. Empty pieces are no fields.
struct Form {
  TextPairs fields;
  bool is_whole = true;  ///< false: fields with a malformed escape were left out
};
[[nodiscard]] Form read_form(std::string_view text);

/// All fields, of either, or none: empty optional when an escape is malformed.
[[nodiscard]] std::optional<TextPairs> parse_query(std::string_view query);

}  // namespace strongroom::http
