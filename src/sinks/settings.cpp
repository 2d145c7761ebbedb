// SPDX-License-Identifier: Apache-2.0
#include "sinks/settings.h"

#include <algorithm>
#include <array>

#include "io/net.h"

namespace strongroom::sinks {
namespace {

struct Scheme {
  std::string_view start;
  Carrier carrier;
  std::uint16_t port;
};
constexpr std::array kSchemes = {Scheme{"https://", Carrier::Https, 443},
                                 Scheme{"syslog+udp://", Carrier::SyslogUdp, 514},
                                 Scheme{"syslog+tcp://", Carrier::SyslogTcp, 601},
                                 Scheme{"syslog+tls://", Carrier::SyslogTls, 6514},
                                 Scheme{"syslog+unix://", Carrier::SyslogLocal, 0}};

std::unexpected<Error> malformed(std::string_view text) {
  return fail(Code::Invalid,
              "'" + std::string(text) +
                  "' is not https://HOST/PATH, syslog+udp://HOST, syslog+tcp://HOST, "
                  "syslog+tls://HOST or syslog+unix:///PATH");
}

bool is_plain(std::string_view text) {
  return std::ranges::all_of(text, [](char each) { return each > ' ' && each < 0x7f; });
}

/// A name or an address with a port behind it, or without.
Status read_authority(std::string_view text, std::uint16_t port, Destination& out) {
  const bool has_port = text.find(':', text.starts_with('[') ? text.find(']') : 0) != text.npos;
  const std::string whole = std::string(text) + (has_port ? "" : ":" + std::to_string(port));
  STRONGROOM_TRY(auto endpoint, io::parse_endpoint(whole));
  out.host = std::move(endpoint.host);
  out.port = endpoint.port;
  return {};
}

}  // namespace

std::string host_header(const Destination& to) {
  const std::string host = to.host.find(':') == std::string::npos ? to.host : "[" + to.host + "]";
  return to.port == 443 ? host : host + ":" + std::to_string(to.port);
}

Result<Destination> parse_destination(std::string_view text) {
  const auto scheme = std::ranges::find_if(
      kSchemes, [&](const Scheme& each) { return text.starts_with(each.start); });
  if (scheme == kSchemes.end() || !is_plain(text)) return malformed(text);
  Destination out;
  out.carrier = scheme->carrier;
  const std::string_view rest = text.substr(scheme->start.size());
  const auto slash = std::min(rest.find('/'), rest.size());
  const std::string_view authority = rest.substr(0, slash);
  out.path = std::string(rest.substr(slash));
  const bool is_local = out.carrier == Carrier::SyslogLocal;
  const bool takes_path = is_local || out.carrier == Carrier::Https;
  if (authority.find_first_of("@?#") != authority.npos || out.path.find('#') != out.path.npos ||
      (!takes_path && out.path.size() > 1))
    return malformed(text);
  if (is_local && (!authority.empty() || out.path.size() < 2)) return malformed(text);
  if (is_local) return out;
  if (const auto read = read_authority(authority, scheme->port, out); !read) return malformed(text);
  if (out.path.empty()) out.path = "/";
  return out;
}

Result<std::uint8_t> parse_facility(std::string_view name) {
  constexpr std::array<std::string_view, 24> kNames = {
      "kern",   "user",   "mail",     "daemon", "auth",   "syslog", "lpr",    "news",
      "uucp",   "cron",   "authpriv", "ftp",    "ntp",    "audit",  "alert",  "clock",
      "local0", "local1", "local2",   "local3", "local4", "local5", "local6", "local7"};
  const auto found = std::ranges::find(kNames, name);
  if (found == kNames.end())
    return fail(Code::Invalid, "'" + std::string(name) +
                                   "' is no facility of syslog: audit, authpriv, daemon, local0 to "
                                   "local7, ...");
  return static_cast<std::uint8_t>(found - kNames.begin());
}

}  // namespace strongroom::sinks
