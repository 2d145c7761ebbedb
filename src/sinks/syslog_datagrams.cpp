// Syslog over UDP (RFC 5426) and the machine's own socket. SPDX-License-Identifier: Apache-2.0
#include <optional>

#include "base/bytes.h"
#include "io/datagram.h"
#include "sinks/host.h"
#include "sinks/syslog_message.h"
#include "sinks/transport.h"

namespace strongroom::sinks {
namespace {

constexpr std::chrono::milliseconds kFullPause{20};

class SyslogDatagrams final : public Transport {
 public:
  SyslogDatagrams(io::Loop& loop, const Settings& settings)
      : loop_(loop),
        destination_(settings.destination),
        origin_{settings.facility, host_of_this_machine()} {}

  std::string message(std::uint64_t index, const audit::Entry& entry) override {
    std::string text = syslog_message(origin_, index, entry);
    if (text.size() <= kLongest) return text;
    // What makes an entry long is told by those carriers that have room for it.
    audit::Entry shorter = entry;
    if (auto* act = std::get_if<audit::Act>(&shorter.content)) act->detail = "(left out: too long)";
    return syslog_message(origin_, index, shorter);
  }

  io::Task<Status> deliver(const Batch& batch, Deadline deadline) override {
    Status done = co_await try_to(batch, deadline);
    if (!done) socket_.reset();
    co_return done;
  }

 private:
  /// Fits UDP's datagrams and the usual send buffer of a Unix socket.
  static constexpr std::size_t kLongest = 8192;

  io::Task<Status> try_to(const Batch& batch, Deadline deadline) {
    if (!socket_) {
      const Status opened = co_await open(deadline);
      if (!opened) co_return opened;
    }
    for (const std::string& each : batch.messages) {
      for (;;) {
        const Status sent = socket_->send(bytes_of(each));
        if (sent) break;
        const bool is_full = sent.error().reason == io::kDatagramsFull;
        if (!is_full || deadline.has_passed(loop_.clock().steady())) co_return sent;
        co_await loop_.sleep(kFullPause);
      }
    }
    co_return Status();
  }

  io::Task<Status> open(Deadline deadline) {
    if (destination_.carrier == Carrier::SyslogLocal) {
      auto local = io::Datagram::to_unix(destination_.path);
      if (!local) co_return std::unexpected(local.error());
      socket_ = std::move(*local);
      co_return Status();
    }
    auto dialled = co_await io::dial_udp(loop_, destination_.host, destination_.port, deadline);
    if (!dialled) co_return std::unexpected(dialled.error());
    socket_ = std::move(*dialled);
    co_return Status();
  }

  io::Loop& loop_;
  Destination destination_;
  SyslogOrigin origin_;
  std::optional<io::Datagram> socket_;
};

}  // namespace

std::unique_ptr<Transport> make_syslog_datagrams(io::Loop& loop, const Settings& settings) {
  return std::make_unique<SyslogDatagrams>(loop, settings);
}

}  // namespace strongroom::sinks
