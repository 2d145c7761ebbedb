// SPDX-License-Identifier: Apache-2.0
#include "workroom/image_config.h"

#include <utility>

namespace strongroom::workroom {

std::vector<std::string> texts_of(const json::object& object, std::string_view member) {
  std::vector<std::string> out;
  const auto* list = object.if_contains(member);
  if (list == nullptr || !list->is_array()) return out;
  for (const auto& each : list->get_array())
    if (each.is_string()) out.emplace_back(each.get_string());
  return out;
}

std::vector<PlainVariable> variables_of(const json::object& object, std::string_view member) {
  std::vector<PlainVariable> out;
  for (const auto& each : texts_of(object, member))
    if (auto variable = parse_variable(each)) out.push_back(std::move(*variable));
  return out;
}

}  // namespace strongroom::workroom
