// SPDX-License-Identifier: Apache-2.0
#include "sinks/transport.h"

namespace strongroom::sinks {

Result<std::unique_ptr<Transport>> make_transport(io::Loop& loop, const Settings& settings,
                                                  const std::string& origin) {
  switch (settings.destination.carrier) {
    case Carrier::Https:
      return make_https(loop, settings, origin);
    case Carrier::SyslogTcp:
    case Carrier::SyslogTls:
      return make_syslog_stream(loop, settings);
    case Carrier::SyslogUdp:
    case Carrier::SyslogLocal:
      return make_syslog_datagrams(loop, settings);
  }
  return fail(Code::Internal, "a sink of an unknown kind");
}

}  // namespace strongroom::sinks
