// Resources of SCIM 2.0 (RFC 7643) that are kept here: which attributes, and reading them.
//
// Used by: api. Threads: values. Little is kept of people: what they are called, how they are
// reached, whether they are active. Other attributes of the standard are read over; a password
// never gets any further. Fails: Invalid with one of the words of RFC 7644 3.12 (invalidValue,
// ...) as its reason. SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/result.h"

namespace strongroom::scim {

enum class Type : std::uint8_t { String, Boolean, Complex, Reference, DateTime };
enum class Mutability : std::uint8_t { ReadWrite, ReadOnly, Immutable };

/// One attribute, as /Schemas tells of it (RFC 7643 7).
struct Attribute {
  std::string_view name;
  Type type = Type::String;
  std::string_view description = {};
  bool is_many = false;
  bool is_required = false;
  bool is_case_exact = false;
  bool is_unique = false;
  Mutability mutability = Mutability::ReadWrite;
  std::span<const Attribute> parts = {};  ///< of a complex one
  std::string_view only_value = {};       ///< the one that there is; empty: any
};

struct ResourceType {
  std::string_view name;      ///< "User"
  std::string_view endpoint;  ///< "/Users"
  std::string_view schema;    ///< its URN
  std::string_view description;
  std::span<const Attribute> attributes;        ///< without id and meta, which all have
  std::span<const std::string_view> read_over;  ///< known to the standard, and not kept
};
[[nodiscard]] const ResourceType& user_type();
[[nodiscard]] const ResourceType& group_type();

/// By its name, whatever its capitals; null: there is none. `id`, `meta` and `schemas` are found as
/// well, and are read-only.
[[nodiscard]] const Attribute* find_attribute(const ResourceType& type, std::string_view name);
[[nodiscard]] const Attribute* find_part(const Attribute& attribute, std::string_view name);
[[nodiscard]] bool is_read_over(const ResourceType& type, std::string_view name);
[[nodiscard]] bool is_same_name(std::string_view one, std::string_view other);

/// What a client may write, under the names of the table, each value of its type; the rest is left
/// out. Invalid where something required is missing or malformed.
[[nodiscard]] Result<json::object> written(const ResourceType& type, const json::object& given);

/// What `attributes` and `excludedAttributes` leave of an answer (RFC 7644 3.9). Both are lists of
/// names between commas; empty: all.
[[nodiscard]] json::object projected(const ResourceType& type, json::object resource,
                                     std::string_view attributes, std::string_view excluded);

}  // namespace strongroom::scim
