// SPDX-License-Identifier: Apache-2.0
#include "sinks/syslog_message.h"

#include <algorithm>

#include "audit/render.h"

namespace strongroom::sinks {
namespace {

constexpr unsigned kWarning = 4;
constexpr unsigned kInformational = 6;
/// RFC 5424 7.3.1.
constexpr std::uint64_t kMaxSequence = 2'147'483'647;
constexpr std::size_t kMaxHost = 255;

std::string host_name(const std::string& host) {
  const bool is_fine = !host.empty() && host.size() <= kMaxHost &&
                       std::ranges::all_of(host, [](char c) { return c > ' ' && c < 0x7f; });
  return is_fine ? host : "-";
}

std::string text_of(const json::object& line, std::string_view name, const std::string& missing) {
  return optional_string(line, name).value_or(missing);
}

}  // namespace

std::string syslog_message(const SyslogOrigin& origin, std::uint64_t index,
                           const audit::Entry& entry) {
  const json::object line = audit::render_line(index, entry);
  const std::string kind = text_of(line, "kind", "-");
  const unsigned priority = origin.facility * 8U + (kind == "finding" ? kWarning : kInformational);
  return "<" + std::to_string(priority) + ">1 " + text_of(line, "time", "-") + " " +
         host_name(origin.host) + " strongroom - " + kind + " [meta sequenceId=\"" +
         std::to_string(index % kMaxSequence + 1) +
         "\"][origin software=\"strongroom\" swVersion=\"" STRONGROOM_VERSION "\"] " +
         to_text(line);
}

}  // namespace strongroom::sinks
