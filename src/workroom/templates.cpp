// A template is read once into parts; plain parts are made as text, value parts are written
// straight into locked memory. SPDX-License-Identifier: Apache-2.0
#include "workroom/templates.h"

#include <algorithm>
#include <vector>

#include "base/encoding.h"
#include "base/json.h"
#include "catalog/settings.h"
#include "catalog/templates.h"

namespace strongroom::workroom {
namespace {

enum class Kind : std::uint8_t { Text, Value, EncodedValue, Basic };
struct Part {
  Kind kind = Kind::Text;
  std::string text;  ///< Basic: what stands before the value
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
  const std::string_view form = name.substr(0, name.find(':'));
  std::string setting = setting_of(inputs.key, name.substr(std::min(name.size(), form.size() + 1)));
  if (form != "setting" && form != "url" && form != "json" && form != "basic")
    return fail(Code::Invalid, "a template names {" + std::string(name) + "}, which there is not");
  if (setting.empty()) return std::optional<Part>();
  if (form == "url") return text(percent_encode(setting));
  if (form == "json") return text(to_text(json::string(setting)));
  if (form == "basic") return std::optional(Part{Kind::Basic, std::move(setting) + ":"});
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
    if (part.kind == Kind::Basic) size += (part.text.size() + value.size() + 2) / 3 * 4;
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

/// The base64 of RFC 7617's "user:password", as well without a copy.
std::size_t write_basic(std::string_view user, ByteView value, MutableBytes out) {
  static constexpr std::string_view kDigits =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  const std::size_t size = user.size() + value.size();
  const auto octet = [&](std::size_t at) -> unsigned {
    if (at >= size) return 0;
    return at < user.size() ? static_cast<std::uint8_t>(user[at]) : value[at - user.size()];
  };
  std::size_t to = 0;
  for (std::size_t at = 0; at < size; at += 3) {
    const unsigned three = octet(at) << 16U | octet(at + 1) << 8U | octet(at + 2);
    for (unsigned digit = 0; digit < 4; ++digit)
      out[to++] = static_cast<std::uint8_t>(
          at + digit > size ? '=' : kDigits[(three >> (18 - 6 * digit)) & 63U]);
  }
  return to;
}

std::size_t write(const Part& part, ByteView value, MutableBytes out) {
  if (part.kind == Kind::Basic) return write_basic(part.text, value, out);
  if (part.kind == Kind::EncodedValue) return write_encoded(value, out);
  const ByteView from = part.kind == Kind::Value ? value : bytes_of(part.text);
  std::copy(from.begin(), from.end(), out.begin());
  return from.size();
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
