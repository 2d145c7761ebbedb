// SPDX-License-Identifier: Apache-2.0
#include "catalog/templates.h"

namespace strongroom::catalog {
namespace {

constexpr std::string_view kBraces = "{}";

std::string_view take(std::string_view& rest, std::size_t size) {
  const std::string_view taken = rest.substr(0, size);
  rest.remove_prefix(taken.size());
  return taken;
}

}  // namespace

Result<TemplatePiece> take_piece(std::string_view& rest) {
  const auto brace = rest.find_first_of(kBraces);
  if (brace != 0) return TemplatePiece{false, take(rest, brace)};
  if (rest.size() > 1 && rest[1] == rest[0]) return TemplatePiece{false, take(rest, 2).substr(1)};
  const auto close = rest.find_first_of(kBraces, 1);
  if (rest[0] == '}' || close == rest.npos || rest[close] == '{')
    return fail(Code::Invalid, "has a brace without its other");
  return TemplatePiece{true, take(rest, close + 1).substr(1, close - 1)};
}

bool holds_value(std::string_view text) {
  while (!text.empty()) {
    const auto piece = take_piece(text);
    if (!piece) return false;
    const std::string_view name = piece->text;
    if (piece->is_name && (name == "value" || name == "url:value" || name.starts_with("basic:")))
      return true;
  }
  return false;
}

}  // namespace strongroom::catalog
