// SPDX-License-Identifier: Apache-2.0
#include "http/form.h"

#include <algorithm>

#include "base/encoding.h"

namespace strongroom::http {
namespace {

std::optional<std::string> decode(std::string_view text) {
  std::string with_blanks(text);
  std::ranges::replace(with_blanks, '+', ' ');
  return percent_decode(with_blanks);
}

}  // namespace

Form read_form(std::string_view text) {
  Form out;
  while (!text.empty()) {
    const std::string_view field = text.substr(0, text.find('&'));
    text.remove_prefix(std::min(field.size() + 1, text.size()));
    if (field.empty()) continue;
    const auto equals = std::min(field.find('='), field.size());
    auto name = decode(field.substr(0, equals));
    auto value = decode(field.substr(std::min(equals + 1, field.size())));
    if (name && value)
      out.fields.emplace_back(std::move(*name), std::move(*value));
    else
      out.is_whole = false;
  }
  return out;
}

std::optional<TextPairs> parse_query(std::string_view query) {
  Form form = read_form(query);
  if (!form.is_whole) return std::nullopt;
  return std::move(form.fields);
}

}  // namespace strongroom::http
