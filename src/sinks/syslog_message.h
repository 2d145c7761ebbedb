// An entry of the record as a message of syslog (RFC 5424). SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

#include "audit/entries.h"

namespace strongroom::sinks {

struct SyslogOrigin {
  std::uint8_t facility = 13;
  std::string host;  ///< of this machine; what does not fit HOSTNAME is left out
};

/// MSG is the entry's line of JSON (audit/render.h). Structured data says its number, counted from
/// 1, as meta/sequenceId, and the program as origin.
[[nodiscard]] std::string syslog_message(const SyslogOrigin& origin, std::uint64_t index,
                                         const audit::Entry& entry);

}  // namespace strongroom::sinks
