// A template is read once into parts; plain parts are made as text, value parts are written
// straight into locked memory. SPDX-License-Identifier: Apache-2.0
#include "workroom/templates.h"

#include <algorithm>
#include <vector>

#include "base/encoding.h"

namespace strongroom::workroom {
namespace {

enum class Kind : std::uint8_t { Text, Value, EncodedValue };
struct Part {
  Kind kind = Kind::Text;
  std::string text;
};
using Parts = std::vector<Part>;

bool is_unreserved(std::uint8_t c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
         c == '.' || c == '_' || c == '~';
}

/// One {name}. None: an absent optional setting, so the whole variable is left out.
Result<std::optional<Part>> part_of(std::string_view name, const TemplateInputs& inputs) {
  const auto text = [](std::string value) {
    return std::optional(Part{Kind::Text, std::move(value)});
  };
  if (name == "value") return std::optional(Part{Kind::Value, {}});
  if (name == "url:value") return std::optional(Part{Kind::EncodedValue, {}});
  if (name == "pass") return text(inputs.key.pass);
  if (name == "base") return text(inputs.base);
  const bool is_encoded = name.starts_with("url:");
  if (!is_encoded && !name.starts_with("setting:"))
    return fail(Code::Invalid, "a template names {" + std::string(name) + "}, which there is not");
  std::string setting = setting_of(inputs.key, name.substr(name.find(':') + 1));
  if (setting.empty()) return std::optional<Part>();
  return text(is_encoded ? percent_encode(setting) : std::move(setting));
}

Result<std::optional<Parts>> parts_of(std::string_view text, const TemplateInputs& inputs) {
  Parts parts;
  while (!text.empty()) {
    const auto open = text.find('{');
    const auto close = open == std::string_view::npos ? open : text.find('}', open);
    if (close == std::string_view::npos) {
      parts.push_back({Kind::Text, std::string(text)});
      break;
    }
    if (open > 0) parts.push_back({Kind::Text, std::string(text.substr(0, open))});
    STRONGROOM_TRY(std::optional<Part> part,
                   part_of(text.substr(open + 1, close - open - 1), inputs));
    if (!part) return std::optional<Parts>();
    parts.push_back(std::move(*part));
    text = text.substr(close + 1);
  }
  return std::optional(std::move(parts));
}

std::size_t encoded_size(ByteView value) {
  const auto plain =
      static_cast<std::size_t>(std::count_if(value.begin(), value.end(), is_unreserved));
  return plain + 3 * (value.size() - plain);
}

std::size_t size_of(const Parts& parts, const Secret& value) {
  std::size_t size = 0;
  for (const auto& part : parts) {
    if (part.kind == Kind::Text) size += part.text.size();
    if (part.kind == Kind::Value) size += value.size();
    if (part.kind == Kind::EncodedValue) size += value.reveal(encoded_size);
  }
  return size;
}

/// percent_encode without a copy outside locked memory.
std::size_t write_encoded(ByteView value, MutableBytes out) {
  static constexpr char kDigits[] = "0123456789ABCDEF";
  std::size_t at = 0;
  for (const std::uint8_t c : value) {
    if (is_unreserved(c)) {
      out[at++] = c;
      continue;
    }
    out[at++] = '%';
    out[at++] = static_cast<std::uint8_t>(kDigits[c >> 4U]);
    out[at++] = static_cast<std::uint8_t>(kDigits[c & 15U]);
  }
  return at;
}

std::size_t write(const Part& part, ByteView value, MutableBytes out) {
  if (part.kind == Kind::EncodedValue) return write_encoded(value, out);
  const ByteView from = part.kind == Kind::Value ? value : bytes_of(part.text);
  std::copy(from.begin(), from.end(), out.begin());
  return from.size();
}

}  // namespace

std::string setting_of(const SessionKey& key, std::string_view name) {
  for (const auto& [each, value] : key.settings)
    if (each == name && !value.empty()) return value;
  for (const auto& setting : key.service->settings)
    if (setting.name == name) return setting.default_value;
  return {};
}

bool holds_value(std::string_view text) {
  return text.find("{value}") != std::string_view::npos ||
         text.find("{url:value}") != std::string_view::npos;
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
  const std::size_t size = size_of(*parts, value);
  if (size > Secret::kMaxSize)
    return fail(Code::TooLarge,
                "the variable made from a key of " + inputs.key.service->id + " is over 64 KiB");
  Secret out = Secret::of_size(size);
  value.reveal([&](ByteView plain) {
    out.reveal_mutable([&](MutableBytes room) {
      for (const auto& part : *parts) room = room.subspan(write(part, plain, room));
    });
  });
  return std::optional(std::move(out));
}

}  // namespace strongroom::workroom
