// Comma-separated lists, as many headers hold them (RFC 9110 5.6.1). SPDX-License-Identifier:
// Apache-2.0
#pragma once

#include <string_view>

namespace strongroom::http {

/// Takes the first item off the front of `list`, without the blanks (spaces and tabs) around it. It
/// may be empty. The list is empty after the last.
[[nodiscard]] constexpr std::string_view take_item(std::string_view& list) {
  const auto comma = list.find(',');
  std::string_view item = list.substr(0, comma);
  list.remove_prefix(comma == std::string_view::npos ? list.size() : comma + 1);
  while (item.starts_with(' ') || item.starts_with('\t')) item.remove_prefix(1);
  while (item.ends_with(' ') || item.ends_with('\t')) item.remove_suffix(1);
  return item;
}

}  // namespace strongroom::http
