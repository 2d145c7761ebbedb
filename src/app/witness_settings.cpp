// SPDX-License-Identifier: Apache-2.0
#include "app/witness_settings.h"

#include <algorithm>

#include "app/config_fields.h"
#include "app/files.h"
#include "app/sink_settings.h"

namespace strongroom::app {
namespace {

constexpr Range kPatienceSeconds{1, 3600};
constexpr Range kEverySeconds{1, 86'400};
constexpr std::size_t kMostWitnesses = 16;
constexpr std::string_view kPlain = "http://";
constexpr std::string_view kSecured = "https://";

std::unexpected<Error> wrong(const std::string& name, const std::string& what) {
  return fail(Code::Invalid, "strongroom.toml: the witness '" + name + "': " + what);
}

/// Plain HTTP is fine for a witness: its answers are signed, and what it gets is no secret.
Status read_place(sinks::WitnessSettings& witness) {
  sinks::Settings& place = witness.place;
  witness.is_plain = place.to.starts_with(kPlain);
  if (!witness.is_plain && !place.to.starts_with(kSecured))
    return wrong(place.name, "'to' must be http://HOST:PORT/PATH or https://HOST/PATH");
  const std::string rest = place.to.substr((witness.is_plain ? kPlain : kSecured).size());
  STRONGROOM_TRY(place.destination, sinks::parse_destination(std::string(kSecured) + rest));
  const bool has_port =
      rest.substr(0, rest.find('/')).ends_with(":" + std::to_string(place.destination.port));
  if (witness.is_plain && !has_port) place.destination.port = 80;
  if (place.destination.path.find('?') != std::string::npos)
    return wrong(place.name, "'to' has a query, which no witness has");
  return {};
}

Result<sinks::WitnessSettings> read_witness(const json::value& item,
                                            const std::filesystem::path& folder) {
  if (!item.is_object())
    return fail(Code::Invalid, "strongroom.toml: [[audit.witness]] must be a table");
  const auto& table = item.get_object();
  STRONGROOM_CHECKED(
      refuse_unknown(table, "[[audit.witness]]",
                     {"name", "to", "key", "ca", "required", "patience_seconds", "every_seconds"}));
  sinks::WitnessSettings witness;
  sinks::Settings& place = witness.place;
  STRONGROOM_CHECKED(take_text(table, "name", place.name));
  STRONGROOM_CHECKED(check_follower_name(place.name, "[[audit.witness]]"));
  STRONGROOM_CHECKED(take_text(table, "to", place.to));
  STRONGROOM_CHECKED(read_place(witness));
  std::string key;
  STRONGROOM_CHECKED(take_text(table, "key", key));
  const auto parsed = audit::parse_witness_key(key);
  if (!parsed) return wrong(place.name, parsed.error().message);
  witness.key = *parsed;
  std::string ca;
  STRONGROOM_CHECKED(take_text(table, "ca", ca));
  if (!ca.empty()) {
    STRONGROOM_TRY(place.ca_pem, read_file(absolute(ca, folder)));
  }
  STRONGROOM_CHECKED(take_flag(table, "required", place.is_required));
  STRONGROOM_CHECKED(take_number(table, "patience_seconds", kPatienceSeconds, place.patience));
  STRONGROOM_CHECKED(take_number(table, "every_seconds", kEverySeconds, witness.every));
  return witness;
}

}  // namespace

Result<std::vector<sinks::WitnessSettings>> read_witnesses(const json::value& audit,
                                                           const std::filesystem::path& folder) {
  std::vector<sinks::WitnessSettings> out;
  const auto* list = audit.get_object().if_contains("witness");
  if (list == nullptr) return out;
  if (!list->is_array())
    return fail(Code::Invalid,
                "strongroom.toml: write [[audit.witness]] with two pairs of brackets");
  if (list->get_array().size() > kMostWitnesses)
    return fail(Code::Invalid, "strongroom.toml: at most 16 witnesses");
  for (const auto& item : list->get_array()) {
    STRONGROOM_TRY(auto witness, read_witness(item, folder));
    const bool is_taken = std::ranges::any_of(
        out, [&](const auto& each) { return each.place.name == witness.place.name; });
    if (is_taken) return wrong(witness.place.name, "there are two of that name");
    out.push_back(std::move(witness));
  }
  return out;
}

}  // namespace strongroom::app
