// SPDX-License-Identifier: Apache-2.0
#include "app/sink_settings.h"

#include <algorithm>

#include "app/config_fields.h"
#include "app/files.h"

namespace strongroom::app {
namespace {

constexpr Range kPatienceSeconds{1, 3600};
constexpr std::size_t kMostSinks = 16;
constexpr std::size_t kLongestName = 32;

std::unexpected<Error> wrong(const sinks::Settings& sink, const std::string& what) {
  return fail(Code::Invalid, "strongroom.toml: the audit sink '" + sink.name + "': " + what);
}

Status check(const sinks::Settings& sink) {
  using sinks::Carrier;
  const Carrier carrier = sink.destination.carrier;
  if (!sink.token_file.empty() && carrier != Carrier::Https)
    return wrong(sink, "'token_file' is for https");
  if (!sink.ca_pem.empty() && carrier != Carrier::Https && carrier != Carrier::SyslogTls)
    return wrong(sink, "'ca' is for https and syslog+tls");
  if (sink.is_required && carrier == Carrier::SyslogUdp)
    return wrong(sink, "UDP does not tell whether anything arrives, so it cannot be required");
  return {};
}

Result<sinks::Settings> read_sink(const json::value& item, const std::filesystem::path& folder) {
  if (!item.is_object())
    return fail(Code::Invalid, "strongroom.toml: [[audit.sink]] must be a table");
  const auto& table = item.get_object();
  STRONGROOM_CHECKED(refuse_unknown(
      table, "[[audit.sink]]",
      {"name", "to", "token_file", "ca", "required", "patience_seconds", "facility"}));
  sinks::Settings sink;
  STRONGROOM_CHECKED(take_text(table, "name", sink.name));
  STRONGROOM_CHECKED(check_follower_name(sink.name, "[[audit.sink]]"));
  STRONGROOM_CHECKED(take_text(table, "to", sink.to));
  STRONGROOM_TRY(sink.destination, sinks::parse_destination(sink.to));
  sink.to = sink.to.substr(0, sink.to.find('?'));  // which may hold a credential
  STRONGROOM_CHECKED(take_text(table, "token_file", sink.token_file));
  sink.token_file = absolute(sink.token_file, folder);
  std::string ca;
  STRONGROOM_CHECKED(take_text(table, "ca", ca));
  if (!ca.empty()) {
    STRONGROOM_TRY(sink.ca_pem, read_file(absolute(ca, folder)));
  }
  STRONGROOM_CHECKED(take_flag(table, "required", sink.is_required));
  STRONGROOM_CHECKED(take_number(table, "patience_seconds", kPatienceSeconds, sink.patience));
  std::string facility = "audit";
  STRONGROOM_CHECKED(take_text(table, "facility", facility));
  STRONGROOM_TRY(sink.facility, sinks::parse_facility(facility));
  STRONGROOM_CHECKED(check(sink));
  return sink;
}

}  // namespace

Status check_follower_name(const std::string& name, const std::string& table) {
  const bool is_fine =
      !name.empty() && name.size() <= kLongestName &&
      name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-") == std::string::npos;
  if (is_fine) return {};
  return fail(Code::Invalid,
              "strongroom.toml: " + table + " needs a name of 1 to 32 of a-z, 0-9 and '-'");
}

Result<std::vector<sinks::Settings>> read_sinks(const json::value& audit,
                                                const std::filesystem::path& folder) {
  std::vector<sinks::Settings> out;
  if (!audit.is_object()) return fail(Code::Invalid, "strongroom.toml: 'audit' must be a table");
  STRONGROOM_CHECKED(refuse_unknown(audit.get_object(), "[audit]", {"sink", "witness"}));
  const auto* list = audit.get_object().if_contains("sink");
  if (list == nullptr) return out;
  if (!list->is_array())
    return fail(Code::Invalid, "strongroom.toml: write [[audit.sink]] with two pairs of brackets");
  if (list->get_array().size() > kMostSinks)
    return fail(Code::Invalid, "strongroom.toml: at most 16 audit sinks");
  for (const auto& item : list->get_array()) {
    STRONGROOM_TRY(auto sink, read_sink(item, folder));
    if (std::ranges::find(out, sink.name, &sinks::Settings::name) != out.end())
      return wrong(sink, "there are two of that name");
    out.push_back(std::move(sink));
  }
  return out;
}

}  // namespace strongroom::app
