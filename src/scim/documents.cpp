// SPDX-License-Identifier: Apache-2.0
#include "scim/documents.h"

#include <array>

#include "scim/filter.h"
#include "scim/resource.h"

namespace strongroom::scim {
namespace {

constexpr std::string_view kConfigSchema =
    "urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig";
constexpr std::string_view kTypeSchema = "urn:ietf:params:scim:schemas:core:2.0:ResourceType";
constexpr std::string_view kSchemaSchema = "urn:ietf:params:scim:schemas:core:2.0:Schema";
constexpr std::string_view kListSchema = "urn:ietf:params:scim:api:messages:2.0:ListResponse";
constexpr std::string_view kErrorSchema = "urn:ietf:params:scim:api:messages:2.0:Error";

std::string_view word_of(Type type) {
  switch (type) {
    case Type::String:
      return "string";
    case Type::Boolean:
      return "boolean";
    case Type::Complex:
      return "complex";
    case Type::Reference:
      return "reference";
    case Type::DateTime:
      return "dateTime";
  }
  return {};
}

std::string_view word_of(Mutability mutability) {
  switch (mutability) {
    case Mutability::ReadWrite:
      return "readWrite";
    case Mutability::ReadOnly:
      return "readOnly";
    case Mutability::Immutable:
      return "immutable";
  }
  return {};
}

json::object described(const Attribute& attribute) {
  json::object out{{"name", attribute.name},
                   {"type", word_of(attribute.type)},
                   {"multiValued", attribute.is_many},
                   {"description", attribute.description},
                   {"required", attribute.is_required},
                   {"caseExact", attribute.is_case_exact},
                   {"mutability", word_of(attribute.mutability)},
                   {"returned", "default"},
                   {"uniqueness", attribute.is_unique ? "server" : "none"}};
  if (attribute.type == Type::Reference)
    out["referenceTypes"] = json::array{attribute.name == "$ref" ? "User" : "external"};
  if (!attribute.only_value.empty()) out["canonicalValues"] = json::array{attribute.only_value};
  if (attribute.type == Type::Complex) {
    json::array parts;
    for (const Attribute& part : attribute.parts) parts.emplace_back(described(part));
    out["subAttributes"] = std::move(parts);
  }
  return out;
}

json::object meta(std::string_view type, std::string location) {
  return {{"resourceType", type}, {"location", std::move(location)}};
}

std::array<const ResourceType*, 2> types() {
  return {&user_type(), &group_type()};
}

}  // namespace

json::object service_provider_config(const std::string& base) {
  const json::object no{{"supported", false}};
  return {{"schemas", json::array{kConfigSchema}},
          {"patch", {{"supported", true}}},
          {"bulk", {{"supported", false}, {"maxOperations", 0}, {"maxPayloadSize", 0}}},
          {"filter", {{"supported", true}, {"maxResults", kMostResults}}},
          {"changePassword", no},
          {"sort", no},
          {"etag", {{"supported", true}}},
          {"authenticationSchemes",
           json::array{{{"type", "oauthbearertoken"},
                        {"name", "Bearer token"},
                        {"description", "The token that an owner of the tenant has made"},
                        {"specUri", "https://www.rfc-editor.org/info/rfc6750"},
                        {"primary", true}}}},
          {"meta", meta("ServiceProviderConfig", base + "/ServiceProviderConfig")}};
}

json::array resource_types(const std::string& base) {
  json::array out;
  for (const ResourceType* type : types())
    out.emplace_back(json::object{
        {"schemas", json::array{kTypeSchema}},
        {"id", type->name},
        {"name", type->name},
        {"endpoint", type->endpoint},
        {"description", type->description},
        {"schema", type->schema},
        {"meta", meta("ResourceType", base + "/ResourceTypes/" + std::string(type->name))}});
  return out;
}

json::array schemas(const std::string& base) {
  json::array out;
  for (const ResourceType* type : types()) {
    json::array attributes;
    for (const Attribute& each : type->attributes) attributes.emplace_back(described(each));
    out.emplace_back(
        json::object{{"schemas", json::array{kSchemaSchema}},
                     {"id", type->schema},
                     {"name", type->name},
                     {"description", type->description},
                     {"attributes", std::move(attributes)},
                     {"meta", meta("Schema", base + "/Schemas/" + std::string(type->schema))}});
  }
  return out;
}

json::object list_response(json::array resources, std::size_t total, std::size_t start) {
  return {{"schemas", json::array{kListSchema}},
          {"totalResults", total},
          {"startIndex", start},
          {"itemsPerPage", resources.size()},
          {"Resources", std::move(resources)}};
}

json::object error_document(int status, std::string_view word, std::string_view detail) {
  json::object out{{"schemas", json::array{kErrorSchema}},
                   {"status", std::to_string(status)},
                   {"detail", detail}};
  if (!word.empty()) out["scimType"] = word;
  return out;
}

}  // namespace strongroom::scim
