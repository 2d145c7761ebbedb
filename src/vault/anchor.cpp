// Two lines: the state as JSON, and the MAC over that line in hex. SPDX-License-Identifier:
// Apache-2.0
#include "vault/anchor.h"

#include <tuple>

#include "base/bytes.h"
#include "base/encoding.h"
#include "base/json.h"

namespace strongroom::vault {
namespace {

constexpr std::int64_t kFormat = 1;
constexpr std::int64_t kCountedFormat = 2;  ///< names a counter's value

std::optional<std::int64_t> number(const json::object& object, std::string_view name) {
  const auto* value = object.if_contains(name);
  if (value == nullptr || !value->is_int64() || value->get_int64() < 0) return std::nullopt;
  return value->get_int64();
}

std::optional<AnchoredState> state_of(const json::value& document) {
  if (!document.is_object()) return std::nullopt;
  const auto& object = document.get_object();
  const auto generation = number(object, "generation");
  const auto revision = number(object, "revision");
  const auto at = number(object, "at");
  const auto digest = from_hex(optional_string(object, "digest").value_or("-"));
  const auto format = number(object, "format");
  const auto count = format == kCountedFormat ? number(object, "count") : 0;
  if ((format != kFormat && format != kCountedFormat) || !generation || !revision || !at ||
      !digest || !count)
    return std::nullopt;
  return AnchoredState{*generation, *revision, *digest, from_micros(*at), *count};
}

}  // namespace

AnchorStanding standing_of(const AnchoredState& database, const AnchoredState& anchored) {
  const auto place = [](const AnchoredState& state) {
    return std::tuple(state.generation, state.revision);
  };
  if (place(database) < place(anchored)) return AnchorStanding::Older;
  if (place(database) > place(anchored)) return AnchorStanding::Newer;
  return database.digest == anchored.digest ? AnchorStanding::Same : AnchorStanding::Another;
}

std::string words_of(const AnchoredState& state) {
  return "change " + std::to_string(state.revision) + " of generation " +
         std::to_string(state.generation);
}

std::string anchor_text(const store::Store& store, const AnchoredState& state) {
  json::object object{{"format", state.count == 0 ? kFormat : kCountedFormat},
                      {"generation", state.generation},
                      {"revision", state.revision},
                      {"digest", to_hex(state.digest)},
                      {"at", to_micros(state.at)}};
  if (state.count != 0) object["count"] = state.count;
  const std::string line = to_text(object);
  return line + "\n" + to_hex(store.anchor_mac(bytes_of(line))) + "\n";
}

Result<AnchoredState> read_anchor(const store::Store& store, const std::string& text,
                                  const std::string& name) {
  const auto wrong = [&] {
    return fail(Code::Sealed,
                "What is in " + name +
                    " is not of this database, or was changed: put the right one back, or name "
                    "another place (--anchor).",
                "anchor_wrong");
  };
  const auto end = text.find('\n');
  if (end == std::string::npos || !text.ends_with('\n')) return wrong();
  const std::string line = text.substr(0, end);
  const auto mac = from_hex(std::string_view(text).substr(end + 1, text.size() - end - 2));
  if (!mac || !equal_constant_time(*mac, store.anchor_mac(bytes_of(line)))) return wrong();
  const auto parsed = parse_json(line);
  auto state = parsed ? state_of(*parsed) : std::nullopt;
  if (!state) return wrong();
  return std::move(*state);
}

}  // namespace strongroom::vault
