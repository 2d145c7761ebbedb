// Schema: what the API's documents look like, told once.
//
// From these lists come the check of every request body and the schemas of the OpenAPI document; a
// test holds them against what the views really emit. Inside the room only. Values; immutable.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "base/json.h"
#include "base/result.h"

namespace strongroom::api {

enum class Kind : std::uint8_t {
  Text,
  Time,
  Integer,
  Flag,
  TextList,
  TextMap,
  Secret,
  Object,
  ObjectList,
  Any
};
enum class Need : std::uint8_t {
  Required,
  Optional,  ///< may be missing
  Nullable   ///< always there, perhaps null
};

struct Member {
  std::string_view name;
  Kind kind = Kind::Text;
  Need need = Need::Required;
  std::string_view help;
  std::string_view of =
      {};  ///< Object, ObjectList: the schema's name. Text: allowed words, "a|b|c"
};

struct Schema {
  std::string_view name;
  std::string_view help;
  std::span<const Member> members;
};

[[nodiscard]] std::span<const Schema> schemas();
/// The name must exist.
[[nodiscard]] const Schema& schema(std::string_view name);
/// JSON Schema 2020-12, as OpenAPI 3.1 takes it.
[[nodiscard]] json::object to_json_schema(const Schema& schema);
[[nodiscard]] json::object to_json_schema(const Member& member);
/// Invalid, naming the member: missing, of another kind, not one of the words, or unknown. Values
/// never appear in the message.
[[nodiscard]] Status check_document(const json::value& document, const Schema& schema);

}  // namespace strongroom::api
