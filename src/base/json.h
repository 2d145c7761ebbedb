// JSON, by Boost.JSON, with the limits and helpers that all rooms share. Never used for key values.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/json.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace strongroom {

namespace json = boost::json;

/// Parses one document: at most 32 levels deep, strict, no trailing text. The error names the
/// place, never the content.
[[nodiscard]] Result<json::value> parse_json(std::string_view text);
/// Compact text, members in the object's own order.
[[nodiscard]] std::string to_text(const json::value& value);
/// Two-space indented, for people and `--json` on a terminal.
[[nodiscard]] std::string to_pretty_text(const json::value& value);
/// Members sorted by name, no white space, integers and strings only in practice: what a receipt
/// signs (RFC 8785 for that subset).
[[nodiscard]] std::string to_canonical_text(const json::value& value);

/// Typed look-ups that answer Invalid with the member's name in the message.
[[nodiscard]] Result<std::string> required_string(const json::object& object,
                                                  std::string_view name);
[[nodiscard]] std::optional<std::string> optional_string(const json::object& object,
                                                         std::string_view name);

}  // namespace strongroom
