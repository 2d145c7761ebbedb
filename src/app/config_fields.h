// Fields of the configuration file: each is checked as it is taken. Used by: config, sink_settings.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/result.h"

namespace strongroom::app {

/// Invalid where `table` has a member besides these.
[[nodiscard]] Status refuse_unknown(const json::object& table, std::string_view where,
                                    std::initializer_list<std::string_view> known);
/// From where a setting came, as an error says it.
[[nodiscard]] std::string in_file(std::string_view name);

// What is not there leaves `into` as it is.
[[nodiscard]] Status take_text(const json::object& table, std::string_view name, std::string& into);
[[nodiscard]] Status take_texts(const json::object& table, std::string_view name,
                                std::vector<std::string>& into);
[[nodiscard]] Status take_flag(const json::object& table, std::string_view name, bool& into);

struct Range {
  int least;
  int most;
};
[[nodiscard]] Result<int> checked_number(const std::string& what, std::int64_t value, Range range);
template <class Number>
[[nodiscard]] Status take_number(const json::object& table, std::string_view name, Range range,
                                 Number& into) {
  const auto* value = table.if_contains(name);
  if (value == nullptr) return {};
  // Whatever is no whole number is out of every range.
  const std::int64_t number = value->is_int64() ? value->get_int64() : -1;
  STRONGROOM_TRY(const int checked, checked_number(in_file(name), number, range));
  into = Number(checked);
  return {};
}

/// A file's name is relative to the folder of the file that names it.
[[nodiscard]] std::string absolute(const std::string& name, const std::filesystem::path& folder);

}  // namespace strongroom::app
