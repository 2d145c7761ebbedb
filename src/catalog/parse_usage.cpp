// [[usage]]: where an answer states what it cost. SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "catalog/parse_parts.h"
#include "catalog/policy.h"
#include "catalog/rules.h"

namespace strongroom::catalog {
namespace {

// What the gateway's reader of answers is built for (gateway/usage_reader.h).
constexpr std::size_t kMaxFields = 8;
constexpr std::size_t kMaxAlternatives = 4;
constexpr std::size_t kMaxDepth = 8;
constexpr std::size_t kMaxName = 64;

bool is_member_name(std::string_view name) {
  return !name.empty() && name.size() <= kMaxName && std::ranges::all_of(name, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '-';
  });
}

/// The parts between `separator`; an empty text is one empty part.
std::vector<std::string> split(std::string_view text, char separator) {
  std::vector<std::string> parts;
  for (;;) {
    const auto end = text.find(separator);
    parts.emplace_back(text.substr(0, end));
    if (end == std::string_view::npos) return parts;
    text.remove_prefix(end + 1);
  }
}

bool is_field(const Usage::Alternatives& alternatives) {
  return alternatives.size() <= kMaxAlternatives &&
         std::ranges::all_of(alternatives, [](const std::string& path) {
           const auto names = split(path, '.');
           return names.size() <= kMaxDepth && std::ranges::all_of(names, is_member_name);
         });
}

}  // namespace

Status read_usage(const Section& section, Service& service) {
  STRONGROOM_CHECKED(section.only({"unit", "path", "header", "fields", "estimate", "hidden_by"}));
  Usage usage;
  usage.path = "/**";
  std::vector<std::string> fields;
  STRONGROOM_CHECKED(section.required_text("unit", usage.unit));
  STRONGROOM_CHECKED(section.text("path", usage.path));
  STRONGROOM_CHECKED(section.text("header", usage.header));
  STRONGROOM_CHECKED(section.texts("fields", fields));
  STRONGROOM_CHECKED(section.flag("estimate", usage.estimate));
  STRONGROOM_CHECKED(section.texts("hidden_by", usage.hidden_by));
  if (!is_unit(usage.unit))
    return section.mistake("unit", "'unit' has 1 to 32 characters of a-z and '_'");
  const Status pattern = check_pattern(usage.path);
  if (!pattern) return section.mistake("path", "'path' " + pattern.error().message);
  if (usage.header.empty() == fields.empty())
    return section.mistake("fields", "there is either 'header' or 'fields'");
  if (!usage.header.empty()) {
    const Status header = check_header_name(usage.header);
    if (!header) return section.mistake("header", "'header' " + header.error().message);
  }
  if (fields.size() > kMaxFields) return section.mistake("fields", "'fields' has at most 8");
  for (const auto& field : fields) {
    usage.fields.push_back(split(field, '|'));
    if (!is_field(usage.fields.back()))
      return section.mistake("fields",
                             "a field is names joined by dots, with at most 4 alternatives "
                             "between '|'");
  }
  if (usage.estimate && usage.unit != "tokens" && usage.unit != "characters")
    return section.mistake("estimate", "only tokens and characters can be estimated");
  service.usage.push_back(std::move(usage));
  return {};
}

}  // namespace strongroom::catalog
