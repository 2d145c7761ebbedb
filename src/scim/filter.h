// Filters of SCIM 2.0 (RFC 7644 3.4.2.2), and the paths of patches, which hold them (3.5.2).
//
// Used by: api, patch.cpp. Threads: values. Hostile input: bounded in length and depth. Fails:
// Invalid with the reason invalidFilter or invalidPath. SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "scim/resource.h"

namespace strongroom::scim {

inline constexpr std::size_t kLongestFilter = 4096;
inline constexpr unsigned kDeepestFilter = 16;

enum class Comparison : std::uint8_t {
  Equal,
  NotEqual,
  Contains,
  StartsWith,
  EndsWith,
  Greater,
  GreaterOrEqual,
  Less,
  LessOrEqual,
  Present
};

/// A filter as a tree.
struct Filter {
  enum class Kind : std::uint8_t { And, Or, Not, Compare, Values };
  Kind kind = Kind::Compare;
  std::vector<Filter> inner;             ///< two of And and Or, one of Not and Values
  const Attribute* attribute = nullptr;  ///< of Compare and Values
  const Attribute* part = nullptr;       ///< of Compare; may be null
  Comparison comparison = Comparison::Equal;
  json::value value;
};

[[nodiscard]] Result<Filter> parse_filter(const ResourceType& type, std::string_view text);
[[nodiscard]] bool matches(const Filter& filter, const json::object& resource);
/// The text that `userName eq "text"` asks for, and nothing else; empty optional: another filter.
[[nodiscard]] std::optional<std::string> asked_name(const Filter& filter);

/// What a patch changes: an attribute, some values of it, a part of it.
struct Path {
  const Attribute* attribute = nullptr;  ///< null: one that is read over
  const Attribute* part = nullptr;
  std::optional<Filter> values;  ///< over parts of the attribute
};
/// Is this one of the values that a path's filter means?
[[nodiscard]] bool is_one_of(const Filter& values, const json::object& value);
[[nodiscard]] Result<Path> parse_path(const ResourceType& type, std::string_view text);

}  // namespace strongroom::scim
