// SPDX-License-Identifier: Apache-2.0
#include "app/config_fields.h"

namespace strongroom::app {

Status refuse_unknown(const json::object& table, std::string_view where,
                      std::initializer_list<std::string_view> known) {
  for (const auto& item : table) {
    const std::string_view name(item.key());
    bool is_known = false;
    for (const auto candidate : known) is_known = is_known || candidate == name;
    if (!is_known)
      return fail(Code::Invalid, "strongroom.toml: unknown setting '" + std::string(name) +
                                     "' in " + std::string(where));
  }
  return {};
}

std::string in_file(std::string_view name) {
  return "strongroom.toml: '" + std::string(name) + "'";
}

Status take_text(const json::object& table, std::string_view name, std::string& into) {
  const auto* value = table.if_contains(name);
  if (value == nullptr) return {};
  if (!value->is_string()) return fail(Code::Invalid, in_file(name) + " must be text");
  into = std::string(value->get_string());
  return {};
}

Status take_texts(const json::object& table, std::string_view name,
                  std::vector<std::string>& into) {
  const auto* list = table.if_contains(name);
  if (list == nullptr) return {};
  const auto wrong = [&] {
    return fail(Code::Invalid,
                "strongroom.toml: '" + std::string(name) + "' must be a list of texts");
  };
  if (!list->is_array()) return wrong();
  for (const auto& item : list->get_array()) {
    if (!item.is_string()) return wrong();
    into.emplace_back(item.get_string());
  }
  return {};
}

Status take_flag(const json::object& table, std::string_view name, bool& into) {
  const auto* value = table.if_contains(name);
  if (value == nullptr) return {};
  if (!value->is_bool()) return fail(Code::Invalid, in_file(name) + " must be true or false");
  into = value->get_bool();
  return {};
}

Result<int> checked_number(const std::string& what, std::int64_t value, Range range) {
  if (value >= range.least && value <= range.most) return static_cast<int>(value);
  return fail(Code::Invalid, what + " must be a whole number from " + std::to_string(range.least) +
                                 " to " + std::to_string(range.most));
}

std::string absolute(const std::string& name, const std::filesystem::path& folder) {
  const std::filesystem::path path(name);
  return name.empty() || path.is_absolute() ? name : (folder / path).lexically_normal().string();
}

}  // namespace strongroom::app
