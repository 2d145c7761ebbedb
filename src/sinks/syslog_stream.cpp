// Syslog over TCP (RFC 6587, octet counting) and TLS (RFC 5425). Neither has acknowledgements: what
// the receiver's system has acknowledged counts as taken. SPDX-License-Identifier: Apache-2.0
#include "base/bytes.h"
#include "io/delivery.h"
#include "sinks/connection.h"
#include "sinks/host.h"
#include "sinks/syslog_message.h"
#include "sinks/transport.h"

namespace strongroom::sinks {
namespace {

class SyslogStream final : public Transport {
 public:
  SyslogStream(Connection connection, SyslogOrigin origin)
      : connection_(std::move(connection)), origin_(std::move(origin)) {}

  std::string message(std::uint64_t index, const audit::Entry& entry) override {
    const std::string text = syslog_message(origin_, index, entry);
    return std::to_string(text.size()) + " " + text;
  }

  io::Task<Status> deliver(const Batch& batch, Deadline deadline) override {
    Status done = co_await try_to(batch, deadline);
    if (!done) connection_.close();
    co_return done;
  }

 private:
  io::Task<Status> try_to(const Batch& batch, Deadline deadline) {
    const Status opened = co_await connection_.open(deadline);
    if (!opened) co_return opened;
    octets_.clear();
    for (const std::string& each : batch.messages) octets_ += each;
    const ByteView octets = bytes_of(octets_);
    const Status sent = co_await connection_.stream().write_all(octets);
    if (!sent) co_return sent;
    co_return co_await io::acknowledged(connection_.stream(), deadline);
  }
  Connection connection_;
  SyslogOrigin origin_;
  std::string octets_;
};

}  // namespace

Result<std::unique_ptr<Transport>> make_syslog_stream(io::Loop& loop, const Settings& settings) {
  const bool is_tls = settings.destination.carrier == Carrier::SyslogTls;
  STRONGROOM_TRY(auto connection,
                 Connection::to(loop, settings,
                                is_tls ? Connection::Security::Tls : Connection::Security::Plain));
  return std::make_unique<SyslogStream>(std::move(connection),
                                        SyslogOrigin{settings.facility, host_of_this_machine()});
}

}  // namespace strongroom::sinks
