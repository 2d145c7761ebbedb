// SPDX-License-Identifier: Apache-2.0
#include "api/schema.h"

#include <algorithm>
#include <string>
#include <vector>

#include "base/check.h"

namespace strongroom::api {
namespace {

bool is_text_map(const json::value& value) {
  if (!value.is_object()) return false;
  return std::ranges::all_of(value.get_object(),
                             [](const auto& item) { return item.value().is_string(); });
}

bool is_text_list(const json::value& value) {
  return value.is_array() &&
         std::ranges::all_of(value.get_array(), [](const auto& item) { return item.is_string(); });
}

bool is_word_of(std::string_view words, std::string_view word) {
  while (!words.empty()) {
    const auto bar = std::min(words.find('|'), words.size());
    if (words.substr(0, bar) == word) return true;
    words.remove_prefix(std::min(bar + 1, words.size()));
  }
  return false;
}

bool has_kind(const json::value& value, const Member& member) {
  switch (member.kind) {
    case Kind::Text:
      return value.is_string() &&
             (member.of.empty() || is_word_of(member.of, std::string_view(value.get_string())));
    case Kind::Time:
    case Kind::Secret:
      return value.is_string();
    case Kind::Integer:
      return value.is_int64() || value.is_uint64();
    case Kind::Flag:
      return value.is_bool();
    case Kind::TextList:
      return is_text_list(value);
    case Kind::TextMap:
      return is_text_map(value);
    case Kind::Object:
      return check_document(value, schema(member.of)).has_value();
    case Kind::ObjectList:
      return value.is_array() &&
             std::ranges::all_of(value.get_array(), [&member](const auto& item) {
               return check_document(item, schema(member.of)).has_value();
             });
    case Kind::Any:
      return true;
  }
  return false;
}

std::string kind_text(const Member& member) {
  switch (member.kind) {
    case Kind::Text:
      return member.of.empty() ? "text" : "one of " + std::string(member.of);
    case Kind::Time:
      return "a time";
    case Kind::Secret:
      return "text";
    case Kind::Integer:
      return "a whole number";
    case Kind::Flag:
      return "true or false";
    case Kind::TextList:
      return "a list of texts";
    case Kind::TextMap:
      return "an object of texts";
    case Kind::Object:
      return "an object";
    case Kind::ObjectList:
      return "a list of objects";
    case Kind::Any:
      return "anything";
  }
  return {};
}

json::object reference(std::string_view name) {
  return {{"$ref", "#/components/schemas/" + std::string(name)}};
}

json::object bare_schema(const Member& member) {
  switch (member.kind) {
    case Kind::Text: {
      json::object out{{"type", "string"}};
      if (member.of.empty()) return out;
      json::array words;
      for (std::string_view rest = member.of; !rest.empty();) {
        const auto bar = std::min(rest.find('|'), rest.size());
        words.emplace_back(json::string_view(rest.substr(0, bar)));
        rest.remove_prefix(std::min(bar + 1, rest.size()));
      }
      out["enum"] = std::move(words);
      return out;
    }
    case Kind::Time:
      return {{"type", "string"}, {"format", "date-time"}};
    case Kind::Secret:
      return {{"type", "string"},
              {"format", "password"},
              {"writeOnly", true},
              {"minLength", 1},
              {"maxLength", 65536}};
    case Kind::Integer:
      return {{"type", "integer"}};
    case Kind::Flag:
      return {{"type", "boolean"}};
    case Kind::TextList:
      return {{"type", "array"}, {"items", {{"type", "string"}}}};
    case Kind::TextMap:
      return {{"type", "object"}, {"additionalProperties", {{"type", "string"}}}};
    case Kind::Object:
      return reference(member.of);
    case Kind::ObjectList:
      return {{"type", "array"}, {"items", reference(member.of)}};
    case Kind::Any:
      return {};
  }
  return {};
}

}  // namespace

const Schema& schema(std::string_view name) {
  const auto found = std::ranges::find(schemas(), name, &Schema::name);
  STRONGROOM_CHECK(found != schemas().end(), "every schema that is named exists");
  return *found;
}

json::object to_json_schema(const Member& member) {
  json::object out = bare_schema(member);
  if (member.need == Need::Nullable) out["type"] = json::array{out["type"], "null"};
  if (!member.help.empty()) out["description"] = json::string_view(member.help);
  return out;
}

json::object to_json_schema(const Schema& schema) {
  json::object properties;
  json::array required;
  for (const Member& member : schema.members) {
    properties[json::string_view(member.name)] = to_json_schema(member);
    if (member.need != Need::Optional) required.emplace_back(json::string_view(member.name));
  }
  json::object out{{"type", "object"}, {"description", json::string_view(schema.help)}};
  if (!properties.empty()) out["properties"] = std::move(properties);
  if (!required.empty()) out["required"] = std::move(required);
  return out;
}

Status check_document(const json::value& document, const Schema& schema) {
  if (!document.is_object()) return fail(Code::Invalid, "the body must be a JSON object");
  const json::object& object = document.get_object();
  for (const Member& member : schema.members) {
    const auto* value = object.if_contains(json::string_view(member.name));
    const bool is_absent = value == nullptr || (value->is_null() && member.need != Need::Required);
    if (is_absent && member.need == Need::Required)
      return fail(Code::Invalid, "'" + std::string(member.name) + "' is missing");
    if (!is_absent && !has_kind(*value, member))
      return fail(Code::Invalid, "'" + std::string(member.name) + "' must be " + kind_text(member));
  }
  for (const auto& item : object) {
    const auto is_it = [&item](const Member& member) {
      return item.key() == json::string_view(member.name);
    };
    if (!std::ranges::any_of(schema.members, is_it))
      return fail(Code::Invalid,
                  "the body has a member that does not belong there; known ones are in "
                  "/api/v1/openapi.json");
  }
  return {};
}

}  // namespace strongroom::api
