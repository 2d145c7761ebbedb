// SPDX-License-Identifier: Apache-2.0
#include "scim/resource.h"

#include <algorithm>
#include <array>
#include <optional>

#include "base/small_letters.h"

namespace strongroom::scim {
namespace {

constexpr std::size_t kLongestText = 1024;
constexpr std::size_t kMostValues = 20'000;  ///< of one attribute

constexpr std::array kNameParts = {
    Attribute{"formatted", Type::String, "The whole name, as it is shown"},
    Attribute{"familyName", Type::String, "Family name"},
    Attribute{"givenName", Type::String, "Given name"},
    Attribute{"middleName", Type::String, "Middle names"},
    Attribute{"honorificPrefix", Type::String, "Title before the name"},
    Attribute{"honorificSuffix", Type::String, "What stands behind the name"}};
constexpr std::array kEmailParts = {
    Attribute{"value", Type::String, "The address"},
    Attribute{"display", Type::String, "How it is shown"},
    Attribute{"type", Type::String, "work, home or other"},
    Attribute{"primary", Type::Boolean, "The preferred one: one at most"}};
constexpr std::array kGroupOfUserParts = {
    Attribute{.name = "value",
              .description = "Its id",
              .is_case_exact = true,
              .mutability = Mutability::ReadOnly},
    Attribute{.name = "$ref",
              .type = Type::Reference,
              .description = "Where it is",
              .is_case_exact = true,
              .mutability = Mutability::ReadOnly},
    Attribute{
        .name = "display", .description = "Its displayName", .mutability = Mutability::ReadOnly}};
constexpr std::array kUser = {
    Attribute{.name = "userName",
              .description = "What they sign in by at the provider; whatever its capitals",
              .is_required = true,
              .is_unique = true},
    Attribute{.name = "externalId",
              .description = "The provider's own id. Its identity tokens' sub is compared with it",
              .is_case_exact = true},
    Attribute{"displayName", Type::String, "How they are shown"},
    Attribute{
        .name = "name", .type = Type::Complex, .description = "Their name", .parts = kNameParts},
    Attribute{.name = "emails",
              .type = Type::Complex,
              .description = "Addresses",
              .is_many = true,
              .parts = kEmailParts},
    Attribute{.name = "active",
              .type = Type::Boolean,
              .description = "false: their access ends, and their integrations are revoked",
              .is_required = true},
    Attribute{.name = "groups",
              .type = Type::Complex,
              .description = "What they are in",
              .is_many = true,
              .mutability = Mutability::ReadOnly,
              .parts = kGroupOfUserParts}};

constexpr std::array kMemberParts = {Attribute{.name = "value",
                                               .description = "The id of a user",
                                               .is_required = true,
                                               .is_case_exact = true,
                                               .mutability = Mutability::Immutable},
                                     Attribute{.name = "$ref",
                                               .type = Type::Reference,
                                               .description = "Where it is",
                                               .is_case_exact = true,
                                               .mutability = Mutability::Immutable},
                                     Attribute{.name = "type",
                                               .description = "User",
                                               .mutability = Mutability::Immutable,
                                               .only_value = "User"}};
constexpr std::array kGroup = {
    Attribute{.name = "displayName",
              .description = "Its name. Roles follow from it, or from externalId",
              .is_required = true,
              .is_case_exact = true,
              .is_unique = true},
    Attribute{.name = "externalId", .description = "The provider's own id", .is_case_exact = true},
    Attribute{.name = "members",
              .type = Type::Complex,
              .description = "Users alone",
              .is_many = true,
              .parts = kMemberParts}};

constexpr std::array kMetaParts = {
    Attribute{.name = "resourceType", .is_case_exact = true, .mutability = Mutability::ReadOnly},
    Attribute{.name = "created", .type = Type::DateTime, .mutability = Mutability::ReadOnly},
    Attribute{.name = "lastModified", .type = Type::DateTime, .mutability = Mutability::ReadOnly},
    Attribute{.name = "location", .is_case_exact = true, .mutability = Mutability::ReadOnly},
    Attribute{.name = "version", .is_case_exact = true, .mutability = Mutability::ReadOnly}};
constexpr std::array kCommon = {
    Attribute{.name = "id", .is_case_exact = true, .mutability = Mutability::ReadOnly},
    Attribute{.name = "meta",
              .type = Type::Complex,
              .mutability = Mutability::ReadOnly,
              .parts = kMetaParts},
    Attribute{.name = "schemas",
              .type = Type::Reference,
              .is_many = true,
              .is_case_exact = true,
              .mutability = Mutability::ReadOnly}};

/// RFC 7643 4.1 and the names of its extension.
constexpr std::array<std::string_view, 16> kNotKept = {
    "password",          "nickName",  "profileUrl", "title",        "userType",
    "preferredLanguage", "locale",    "timezone",   "ims",          "photos",
    "phoneNumbers",      "addresses", "roles",      "entitlements", "manager",
    "x509Certificates"};

std::unexpected<Error> malformed(std::string_view name) {
  return fail(Code::Invalid, "The value of " + std::string(name) + " is malformed.",
              "invalidValue");
}

/// Some clients send "True" for true.
std::optional<bool> flag_in(const json::value& value) {
  if (value.is_bool()) return value.get_bool();
  if (!value.is_string()) return std::nullopt;
  if (is_same_name(value.get_string(), "true")) return true;
  if (is_same_name(value.get_string(), "false")) return false;
  return std::nullopt;
}

Result<json::value> written_value(const Attribute& attribute, const json::value& value);

Result<json::value> written_parts(const Attribute& attribute, const json::value& value) {
  // A lone text stands for the value, as in a list of members' ids.
  if (value.is_string() && find_part(attribute, "value") != nullptr)
    return written_parts(attribute, json::object{{"value", value}});
  if (!value.is_object()) return malformed(attribute.name);
  json::object out;
  for (const auto& [name, each] : value.get_object()) {
    const Attribute* part = find_part(attribute, name);
    if (part == nullptr || part->mutability == Mutability::ReadOnly || each.is_null()) continue;
    STRONGROOM_TRY(out[part->name], written_value(*part, each));
  }
  for (const Attribute& part : attribute.parts)
    if (part.is_required && !out.contains(part.name)) return malformed(attribute.name);
  return json::value(std::move(out));
}

/// One value, of those that there may be.
Result<json::value> written_value(const Attribute& attribute, const json::value& value) {
  if (attribute.type == Type::Complex) return written_parts(attribute, value);
  if (attribute.type == Type::Boolean) {
    const auto flag = flag_in(value);
    if (!flag) return malformed(attribute.name);
    return json::value(*flag);
  }
  if (!value.is_string() || value.get_string().size() > kLongestText)
    return malformed(attribute.name);
  return value;
}

bool is_primary(const json::value& value) {
  const auto* object = value.if_object();
  const auto* flag = object != nullptr ? object->if_contains("primary") : nullptr;
  return flag != nullptr && flag->is_bool() && flag->get_bool();
}

Result<json::value> written_list(const Attribute& attribute, const json::value& value) {
  json::array out;
  const json::array one{value};
  const json::array& all = value.is_array() ? value.get_array() : one;
  if (all.size() > kMostValues) return malformed(attribute.name);
  for (const auto& each : all) {
    STRONGROOM_TRY(auto kept, written_value(attribute, each));
    out.push_back(std::move(kept));
  }
  if (std::ranges::count_if(out, is_primary) > 1) return malformed(attribute.name);
  return json::value(std::move(out));
}

bool is_empty(const json::value& value) {
  if (value.is_null()) return true;
  if (const auto* object = value.if_object()) return object->empty();
  const auto* list = value.if_array();
  return list != nullptr && list->empty();
}

/// "emails.value", "urn:...:User:emails".
struct Named {
  std::string_view attribute;
  std::string_view part;
};
Named named(const ResourceType& type, std::string_view text) {
  if (text.size() > type.schema.size() && text[type.schema.size()] == ':' &&
      is_same_name(text.substr(0, type.schema.size()), type.schema))
    text.remove_prefix(type.schema.size() + 1);
  const auto dot = text.find('.');
  if (dot == std::string_view::npos) return {text, {}};
  return {text.substr(0, dot), text.substr(dot + 1)};
}

template <class Each>
void for_each_name(std::string_view list, Each&& each) {
  while (!list.empty()) {
    std::string_view name = list.substr(0, list.find(','));
    list.remove_prefix(std::min(name.size() + 1, list.size()));
    while (name.starts_with(' ')) name.remove_prefix(1);
    while (name.ends_with(' ')) name.remove_suffix(1);
    if (!name.empty()) each(name);
  }
}

/// Calls with the object that has the part, or with each of a list of them.
template <class Call>
void in_each(json::value& value, Call&& call) {
  if (auto* object = value.if_object()) call(*object);
  if (auto* list = value.if_array())
    for (auto& each : *list)
      if (auto* object = each.if_object()) call(*object);
}

/// Of `value` only that part.
json::value only_part(json::value value, std::string_view part) {
  in_each(value, [&](json::object& object) {
    json::object left;
    for (auto& [name, each] : object)
      if (is_same_name(name, part)) left[name] = std::move(each);
    object = std::move(left);
  });
  return value;
}

}  // namespace

const ResourceType& user_type() {
  static constexpr ResourceType kType{"User",
                                      "/Users",
                                      "urn:ietf:params:scim:schemas:core:2.0:User",
                                      "Somebody who may become a member of the tenant",
                                      kUser,
                                      kNotKept};
  return kType;
}

const ResourceType& group_type() {
  static constexpr ResourceType kType{"Group",
                                      "/Groups",
                                      "urn:ietf:params:scim:schemas:core:2.0:Group",
                                      "People who have a role by being in it",
                                      kGroup,
                                      {}};
  return kType;
}

bool is_same_name(std::string_view one, std::string_view other) {
  return std::ranges::equal(one, other, {}, small_letter, small_letter);
}

const Attribute* find_attribute(const ResourceType& type, std::string_view name) {
  for (const std::span<const Attribute> list :
       {type.attributes, std::span<const Attribute>(kCommon)})
    for (const Attribute& each : list)
      if (is_same_name(each.name, name)) return &each;
  return nullptr;
}

const Attribute* find_part(const Attribute& attribute, std::string_view name) {
  const auto found = std::ranges::find_if(
      attribute.parts, [&](const Attribute& part) { return is_same_name(part.name, name); });
  return found == attribute.parts.end() ? nullptr : &*found;
}

bool is_read_over(const ResourceType& type, std::string_view name) {
  return std::ranges::any_of(type.read_over,
                             [&](std::string_view each) { return is_same_name(each, name); });
}

Result<json::object> written(const ResourceType& type, const json::object& given) {
  json::object out;
  for (const auto& [name, value] : given) {
    const Attribute* attribute = find_attribute(type, name);
    if (attribute == nullptr || attribute->mutability == Mutability::ReadOnly || is_empty(value))
      continue;
    STRONGROOM_TRY(auto kept, attribute->is_many ? written_list(*attribute, value)
                                                 : written_value(*attribute, value));
    if (!is_empty(kept)) out[attribute->name] = std::move(kept);
  }
  for (const Attribute& attribute : type.attributes) {
    if (!attribute.is_required) continue;
    const auto* value = out.if_contains(attribute.name);
    const bool is_there = value != nullptr && !(value->is_string() && value->get_string().empty());
    if (!is_there)
      return fail(Code::Invalid, std::string(attribute.name) + " is missing.", "invalidValue");
  }
  return out;
}

json::object projected(const ResourceType& type, json::object resource, std::string_view attributes,
                       std::string_view excluded) {
  // These are always returned (RFC 7643 3.1, 7).
  const auto is_always = [](std::string_view name) { return name == "id" || name == "schemas"; };
  if (!attributes.empty()) {
    json::object left;
    for (auto& [name, value] : resource)
      if (is_always(name)) left[name] = value;
    for_each_name(attributes, [&](std::string_view text) {
      const Named wanted = named(type, text);
      for (auto& [name, value] : resource) {
        if (!is_same_name(name, wanted.attribute) || is_always(name)) continue;
        json::value part = wanted.part.empty() ? value : only_part(value, wanted.part);
        auto* there = left.if_contains(name);
        if (there != nullptr && there->is_object() && part.is_object()) {
          for (auto& [inner, each] : part.get_object()) there->get_object()[inner] = each;
        } else {
          left[name] = std::move(part);
        }
      }
    });
    return left;
  }
  for_each_name(excluded, [&](std::string_view text) {
    const Named left_out = named(type, text);
    for (auto at = resource.begin(); at != resource.end(); ++at) {
      if (!is_same_name(at->key(), left_out.attribute) || is_always(at->key())) continue;
      if (left_out.part.empty()) {
        resource.erase(at);
      } else {
        in_each(at->value(), [&](json::object& object) {
          for (auto inner = object.begin(); inner != object.end(); ++inner) {
            if (!is_same_name(inner->key(), left_out.part)) continue;
            object.erase(inner);
            break;
          }
        });
      }
      break;
    }
  });
  return resource;
}

}  // namespace strongroom::scim
