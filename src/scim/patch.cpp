// SPDX-License-Identifier: Apache-2.0
#include "scim/patch.h"

#include <algorithm>

#include "scim/filter.h"

namespace strongroom::scim {
namespace {

enum class Operation : std::uint8_t { Add, Remove, Replace };

std::unexpected<Error> bad(std::string_view why, std::string_view reason) {
  return fail(Code::Invalid, std::string(why), std::string(reason));
}

std::optional<Operation> operation_in(const json::object& each) {
  const auto* word = each.if_contains("op");
  if (word == nullptr || !word->is_string()) return std::nullopt;
  if (is_same_name(word->get_string(), "add")) return Operation::Add;
  if (is_same_name(word->get_string(), "remove")) return Operation::Remove;
  if (is_same_name(word->get_string(), "replace")) return Operation::Replace;
  return std::nullopt;
}

json::array as_list(const json::value& value) {
  return value.is_array() ? value.get_array() : json::array{value};
}

json::array& list_at(json::object& resource, std::string_view name) {
  json::value& place = resource[name];
  if (!place.is_array()) place = json::array();
  return place.get_array();
}

/// What two of a list are the same by.
const json::value* value_of(const json::value& each) {
  const auto* object = each.if_object();
  return object != nullptr ? object->if_contains("value") : &each;
}

bool is_same(const json::value& one, const json::value& other) {
  const json::value* left = value_of(one);
  const json::value* right = value_of(other);
  return left != nullptr && right != nullptr && *left == *right;
}

bool is_primary(const json::value& value) {
  const auto* object = value.if_object();
  const auto* flag = object != nullptr ? object->if_contains("primary") : nullptr;
  return flag != nullptr && flag->is_bool() && flag->get_bool();
}

/// The preferred one that comes last is the only one (RFC 7644 3.5.2).
void keep_one_primary(json::array& list) {
  const auto last = std::ranges::find_if(list.rbegin(), list.rend(), is_primary);
  for (auto each = list.rbegin(); each != list.rend(); ++each)
    if (each != last && is_primary(*each)) each->get_object()["primary"] = false;
}

void merge(json::value& place, const json::value& value) {
  if (!place.is_object() || !value.is_object()) {
    place = value;
    return;
  }
  for (const auto& [name, each] : value.get_object()) place.get_object()[name] = each;
}

void add_to_list(json::object& resource, const Attribute& attribute, const json::value& value) {
  json::array& list = list_at(resource, attribute.name);
  for (const auto& each : as_list(value)) {
    const auto same = std::ranges::find_if(list, [&](const auto& it) { return is_same(it, each); });
    if (same == list.end())
      list.push_back(each);
    else
      merge(*same, each);
  }
  keep_one_primary(list);
}

Status change_whole(json::object& resource, const Attribute& attribute, Operation operation,
                    const json::value* value) {
  if (operation == Operation::Remove) {
    if (value == nullptr || value->is_null() || !attribute.is_many) {
      resource.erase(attribute.name);
      return {};
    }
    json::array& list = list_at(resource, attribute.name);
    for (const auto& gone : as_list(*value))
      list.erase(std::remove_if(list.begin(), list.end(),
                                [&](const auto& each) { return is_same(each, gone); }),
                 list.end());
    return {};
  }
  if (attribute.is_many && operation == Operation::Add) {
    add_to_list(resource, attribute, *value);
  } else if (attribute.is_many) {
    resource[attribute.name] = as_list(*value);
  } else if (attribute.type == Type::Complex) {
    merge(resource[attribute.name], *value);
  } else {
    resource[attribute.name] = *value;
  }
  return {};
}

void change_part(json::value& owner, const Attribute& part, Operation operation,
                 const json::value* value) {
  if (!owner.is_object()) return;
  if (operation == Operation::Remove)
    owner.get_object().erase(part.name);
  else
    owner.get_object()[part.name] = *value;
}

/// A value that `emails[type eq "work"]` describes, where there is none yet.
std::optional<json::value> described(const Filter& values) {
  if (values.kind != Filter::Kind::Compare || values.comparison != Comparison::Equal ||
      values.part == nullptr)
    return std::nullopt;
  return json::object{{values.part->name, values.value}};
}

Status change_values(json::object& resource, const Path& path, Operation operation,
                     const json::value* value) {
  json::array& list = list_at(resource, path.attribute->name);
  const auto is_meant = [&](const json::value& each) {
    return each.is_object() && is_one_of(*path.values, each.get_object());
  };
  if (operation == Operation::Remove && path.part == nullptr) {
    list.erase(std::remove_if(list.begin(), list.end(), is_meant), list.end());
    return {};
  }
  bool is_there = false;
  const auto change = [&](json::value& each) {
    is_there = true;
    if (path.part != nullptr)
      change_part(each, *path.part, operation, value);
    else
      merge(each, *value);
  };
  for (auto& each : list)
    if (is_meant(each)) change(each);
  if (is_there || operation == Operation::Remove) return {};
  auto fresh = operation == Operation::Add ? described(*path.values) : std::nullopt;
  if (!fresh) return bad("No value is one that the path means.", "noTarget");
  change(*fresh);
  list.push_back(std::move(*fresh));
  return {};
}

Status change_at(const ResourceType& type, json::object& resource, std::string_view path_text,
                 Operation operation, const json::value* value) {
  if (is_same_name(path_text, "schemas") || is_same_name(path_text, "id")) {
    if (is_same_name(path_text, "schemas")) return {};
    return bad("id is read-only.", "mutability");
  }
  STRONGROOM_TRY(const Path path, parse_path(type, path_text));
  if (path.attribute == nullptr) return {};
  const bool is_fixed = path.attribute->mutability == Mutability::ReadOnly ||
                        (path.part != nullptr && path.part->mutability != Mutability::ReadWrite);
  if (is_fixed) return bad("What the path names cannot be changed.", "mutability");
  if (operation != Operation::Remove && value == nullptr)
    return bad("An operation has no value.", "invalidValue");
  if (path.attribute->is_required && operation == Operation::Remove && path.part == nullptr)
    return bad("What the path names cannot be left out.", "mutability");
  if (path.values) return change_values(resource, path, operation, value);
  if (path.part == nullptr) return change_whole(resource, *path.attribute, operation, value);
  if (path.attribute->is_many) {
    for (auto& each : list_at(resource, path.attribute->name))
      change_part(each, *path.part, operation, value);
    return {};
  }
  json::value& owner = resource[path.attribute->name];
  if (!owner.is_object()) owner = json::object();
  change_part(owner, *path.part, operation, value);
  return {};
}

Status change(const ResourceType& type, json::object& resource, const json::object& each) {
  const auto operation = operation_in(each);
  if (!operation) return bad("An operation is add, remove or replace.", "invalidSyntax");
  const auto* path = each.if_contains("path");
  const auto* value = each.if_contains("value");
  if (path != nullptr && !path->is_string() && !path->is_null())
    return bad("A path is a text.", "invalidPath");
  const bool has_path = path != nullptr && path->is_string() && !path->get_string().empty();
  if (has_path) return change_at(type, resource, path->get_string(), *operation, value);
  if (*operation == Operation::Remove) return bad("A path is missing.", "noTarget");
  if (value == nullptr || !value->is_object())
    return bad("Without a path the value is an object.", "invalidValue");
  // Each name is a path: some clients send "name.givenName" and the like.
  for (const auto& [name, inner] : value->get_object()) {
    if (is_same_name(name, "id") || is_same_name(name, "meta")) continue;
    STRONGROOM_CHECKED(change_at(type, resource, name, *operation, &inner));
  }
  return {};
}

}  // namespace

Result<json::object> patched(const ResourceType& type, json::object resource,
                             const json::object& patch) {
  const json::value* operations = nullptr;
  for (const auto& [name, value] : patch)
    if (is_same_name(name, "Operations")) operations = &value;
  if (operations == nullptr || !operations->is_array())
    return bad("A patch has a list of Operations.", "invalidSyntax");
  if (operations->get_array().size() > kMostOperations)
    return bad("A patch has at most 1000 operations.", "tooMany");
  for (const auto& each : operations->get_array()) {
    if (!each.is_object()) return bad("An operation is an object.", "invalidSyntax");
    STRONGROOM_CHECKED(change(type, resource, each.get_object()));
  }
  return written(type, resource);
}

}  // namespace strongroom::scim
