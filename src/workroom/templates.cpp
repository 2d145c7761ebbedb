// A template is read once into parts; plain parts are made as text, value parts are written
// straight into locked memory. SPDX-License-Identifier: Apache-2.0
#include "workroom/templates.h"

#include <algorithm>
#include <vector>

#include "base/encoding.h"
#include "base/encoding_in_place.h"
#include "base/json.h"
#include "catalog/settings.h"
#include "catalog/templates.h"

namespace strongroom::workroom {
namespace {

enum class Kind : std::uint8_t { Text, Value, EncodedValue, Basic };
struct Part {
  Kind kind = Kind::Text;
  std::string text;  ///< Basic: the user
};
using Parts = std::vector<Part>;

/// One {name}. None: an absent optional setting, so the whole variable is left out.
Result<std::optional<Part>> part_of(std::string_view name, const TemplateInputs& inputs) {
  const auto text = [](std::string value) {
    return std::optional(Part{Kind::Text, std::move(value)});
  };
  if (name == "value") return std::optional(Part{Kind::Value, {}});
  if (name == "url:value") return std::optional(Part{Kind::EncodedValue, {}});
  if (name == "pass") return text(inputs.key.pass);
  if (name == "base") return text(inputs.base);
  const std::string_view form = name.substr(0, name.find(':'));
  std::string setting = setting_of(inputs.key, name.substr(std::min(name.size(), form.size() + 1)));
  if (form != "setting" && form != "url" && form != "json" && form != "basic")
    return fail(Code::Invalid, "a template names {" + std::string(name) + "}, which there is not");
  if (setting.empty()) return std::optional<Part>();
  if (form == "url") return text(percent_encode(setting));
  if (form == "json") return text(to_text(json::string(setting)));
  if (form == "basic") return std::optional(Part{Kind::Basic, std::move(setting)});
  return text(std::move(setting));
}

Result<std::optional<Parts>> parts_of(std::string_view text, const TemplateInputs& inputs) {
  Parts parts;
  while (!text.empty()) {
    STRONGROOM_TRY(const catalog::TemplatePiece piece, catalog::take_piece(text));
    if (!piece.is_name) {
      parts.push_back({Kind::Text, std::string(piece.text)});
      continue;
    }
    STRONGROOM_TRY(std::optional<Part> part, part_of(piece.text, inputs));
    if (!part) return std::optional<Parts>();
    parts.push_back(std::move(*part));
  }
  return std::optional(std::move(parts));
}

/// Character by character, so that nothing but locked memory ever holds it.
template <class Put>
void put_part(const Part& part, ByteView value, const Put& put) {
  if (part.kind == Kind::Basic) return put_basic(part.text, value, put);
  if (part.kind == Kind::EncodedValue) return put_percent_encoded(value, put);
  const std::string_view plain = part.kind == Kind::Value ? text_of(value) : part.text;
  std::ranges::for_each(plain, put);
}

std::size_t size_of(const Parts& parts, ByteView value) {
  std::size_t size = 0;
  for (const auto& part : parts) put_part(part, value, [&](char) { ++size; });
  return size;
}

}  // namespace

std::string setting_of(const SessionKey& key, std::string_view name) {
  return std::string(catalog::setting_of(*key.service, key.settings, name));
}

Result<std::optional<std::string>> expand_plain(std::string_view text,
                                                const TemplateInputs& inputs) {
  STRONGROOM_TRY(const std::optional<Parts> parts, parts_of(text, inputs));
  if (!parts) return std::optional<std::string>();
  std::string out;
  for (const auto& part : *parts) {
    if (part.kind != Kind::Text) return fail(Code::Invalid, "a value may not stand here");
    out += part.text;
  }
  return std::optional(std::move(out));
}

Result<std::optional<Secret>> expand_secret(std::string_view text, const TemplateInputs& inputs) {
  STRONGROOM_TRY(const std::optional<Parts> parts, parts_of(text, inputs));
  if (!parts) return std::optional<Secret>();
  const Secret& value = inputs.key.value;
  const std::size_t size = value.reveal([&](ByteView plain) { return size_of(*parts, plain); });
  if (size > Secret::kMaxSize)
    return fail(Code::TooLarge,
                "the variable made from a key of " + inputs.key.service->id + " is over 64 KiB");
  Secret out = Secret::of_size(size);
  value.reveal([&](ByteView plain) {
    out.reveal_mutable([&](MutableBytes room) {
      std::size_t at = 0;
      for (const auto& part : *parts)
        put_part(part, plain, [&](char c) { room[at++] = static_cast<std::uint8_t>(c); });
    });
  });
  return std::optional(std::move(out));
}

}  // namespace strongroom::workroom
