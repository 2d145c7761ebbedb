// SPDX-License-Identifier: Apache-2.0
#include "base/json.h"

#include <algorithm>
#include <vector>

namespace strongroom {
namespace {

void pretty(const json::value& value, std::string& out, std::size_t depth);

void indent(std::string& out, std::size_t depth) {
  out.append(depth * 2, ' ');
}

void pretty_object(const json::object& object, std::string& out, std::size_t depth) {
  out += "{\n";
  bool first = true;
  for (const auto& item : object) {
    if (!first) out += ",\n";
    first = false;
    indent(out, depth + 1);
    out += json::serialize(json::value(item.key())) + ": ";
    pretty(item.value(), out, depth + 1);
  }
  out += '\n';
  indent(out, depth);
  out += '}';
}

void pretty_array(const json::array& array, std::string& out, std::size_t depth) {
  out += "[\n";
  for (std::size_t i = 0; i < array.size(); ++i) {
    if (i > 0) out += ",\n";
    indent(out, depth + 1);
    pretty(array[i], out, depth + 1);
  }
  out += '\n';
  indent(out, depth);
  out += ']';
}

void pretty(const json::value& value, std::string& out, std::size_t depth) {
  if (value.is_object() && !value.get_object().empty())
    return pretty_object(value.get_object(), out, depth);
  if (value.is_array() && !value.get_array().empty())
    return pretty_array(value.get_array(), out, depth);
  out += json::serialize(value);
}

void canonical(const json::value& value, std::string& out) {
  if (value.is_array()) {
    out += '[';
    for (std::size_t i = 0; i < value.get_array().size(); ++i) {
      if (i > 0) out += ',';
      canonical(value.get_array()[i], out);
    }
    out += ']';
    return;
  }
  if (!value.is_object()) {
    out += json::serialize(value);
    return;
  }
  std::vector<const json::key_value_pair*> members;
  for (const auto& item : value.get_object()) members.push_back(&item);
  std::sort(members.begin(), members.end(),
            [](const auto* a, const auto* b) { return a->key() < b->key(); });
  out += '{';
  for (std::size_t i = 0; i < members.size(); ++i) {
    if (i > 0) out += ',';
    out += json::serialize(json::value(members[i]->key())) + ":";
    canonical(members[i]->value(), out);
  }
  out += '}';
}

}  // namespace

Result<json::value> parse_json(std::string_view text) {
  json::error_code error;
  json::stream_parser parser({}, json::parse_options{.max_depth = 32});
  const std::size_t used = parser.write_some(text.data(), text.size(), error);
  if (!error) parser.finish(error);
  const bool trailing =
      std::any_of(text.begin() + static_cast<std::ptrdiff_t>(used), text.end(),
                  [](char c) { return c != ' ' && c != '\n' && c != '\r' && c != '\t'; });
  if (error || trailing)
    return fail(Code::Invalid, "not one JSON document: wrong at octet " + std::to_string(used));
  return parser.release();
}

std::string to_text(const json::value& value) {
  return json::serialize(value);
}

std::string to_pretty_text(const json::value& value) {
  std::string out;
  pretty(value, out, 0);
  return out;
}

std::string to_canonical_text(const json::value& value) {
  std::string out;
  canonical(value, out);
  return out;
}

Result<std::string> required_string(const json::object& object, std::string_view name) {
  auto value = optional_string(object, name);
  if (!value) return fail(Code::Invalid, "'" + std::string(name) + "' is missing or not text");
  return *std::move(value);
}

std::optional<std::string> optional_string(const json::object& object, std::string_view name) {
  const auto* value = object.if_contains(name);
  if (value == nullptr || !value->is_string()) return std::nullopt;
  return std::string(value->get_string());
}

}  // namespace strongroom
