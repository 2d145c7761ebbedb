// SPDX-License-Identifier: Apache-2.0
#include "catalog/toml_json.h"

#include <toml++/toml.h>

#include <sstream>

namespace strongroom::catalog {
namespace {

constexpr std::size_t kMaxFile = 256UL << 10U;

template <class Value>
std::string text_of_node(const Value& value) {
  std::ostringstream out;
  out << value;
  return out.str();
}

json::value convert(const toml::node& node);

json::object convert_table(const toml::table& table) {
  json::object out;
  for (const auto& [name, node] : table) out[std::string(name.str())] = convert(node);
  return out;
}

json::value convert(const toml::node& node) {
  if (const auto* table = node.as_table()) return convert_table(*table);
  if (const auto* array = node.as_array()) {
    json::array out;
    for (const auto& item : *array) out.push_back(convert(item));
    return out;
  }
  if (const auto* text = node.as_string()) return json::value(text->get());
  if (const auto* number = node.as_integer()) return json::value(number->get());
  if (const auto* number = node.as_floating_point()) return json::value(number->get());
  if (const auto* flag = node.as_boolean()) return json::value(flag->get());
  if (const auto* date = node.as_date()) return json::value(text_of_node(*date));
  if (const auto* time = node.as_time()) return json::value(text_of_node(*time));
  if (const auto* moment = node.as_date_time()) return json::value(text_of_node(*moment));
  return {};
}

}  // namespace

Result<json::object> toml_to_json(const SourceFile& file) {
  if (file.text.size() > kMaxFile) return fail(Code::TooLarge, file.name + ": longer than 256 KiB");
  try {
    const toml::table table = toml::parse(file.text, file.name);
    return convert_table(table);
  } catch (const toml::parse_error& error) {
    return fail(Code::Invalid, file.name + ":" + std::to_string(error.source().begin.line) + ": " +
                                   std::string(error.description()));
  }
}

}  // namespace strongroom::catalog
