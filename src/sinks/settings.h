// What an operator says of a sink. SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "audit/cosignature.h"
#include "base/result.h"

namespace strongroom::sinks {

enum class Carrier : std::uint8_t { Https, SyslogUdp, SyslogTcp, SyslogTls, SyslogLocal };

/// Where entries go.
struct Destination {
  Carrier carrier = Carrier::Https;
  std::string host;
  std::uint16_t port = 0;
  std::string path;  ///< of a URL, query included; or of a local socket
};

/// As a request's Host names it (RFC 9110 7.2): without the port of https.
[[nodiscard]] std::string host_header(const Destination& to);
/// https://HOST[:PORT]/PATH, syslog+udp://HOST[:PORT], syslog+tcp://HOST[:PORT],
/// syslog+tls://HOST[:PORT] or syslog+unix:///PATH. Ports left out are 443, 514, 601 and 6514.
[[nodiscard]] Result<Destination> parse_destination(std::string_view text);
/// Its code in RFC 5424 6.2.1: "audit" is 13, "authpriv" 10, "local0" to "local7" 16 to 23, ...
[[nodiscard]] Result<std::uint8_t> parse_facility(std::string_view name);

struct Settings {
  std::string name;
  std::string to;  ///< as the operator wrote it, without a query
  Destination destination;
  std::string token_file;  ///< of HTTPS: read anew for each request; empty: none
  std::string ca_pem;      ///< trusted beside the system's roots
  bool is_required = false;
  std::chrono::seconds patience{10};  ///< of a required one, before uses are held
  std::uint8_t facility = 13;
};

struct WitnessSettings {
  Settings place;  ///< name, to, destination, ca_pem, is_required, patience
  audit::WitnessKey key;
  bool is_plain = false;           ///< http://: all that counts is signed
  std::chrono::seconds every{60};  ///< from one request to the next
};

}  // namespace strongroom::sinks
