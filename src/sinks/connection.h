// Connection: the TCP or TLS connection to a sink, kept between batches. Inside the room only.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>

#include "io/stream.h"
#include "io/tls/tls.h"
#include "sinks/settings.h"

namespace strongroom::sinks {

class Connection {
 public:
  enum class Security : bool { Plain, Tls };
  [[nodiscard]] static Result<Connection> to(io::Loop& loop, const Settings& settings,
                                             Security security);
  /// Connects where there is no connection, or one that the other side has left. The deadline holds
  /// for what follows as well.
  [[nodiscard]] io::Task<Status> open(Deadline deadline);
  [[nodiscard]] io::Stream& stream() { return *stream_; }
  [[nodiscard]] bool was_kept() const { return was_kept_; }  ///< of the last open()
  void close() { stream_.reset(); }

 private:
  Connection(io::Loop& loop, const Destination& to)
      : loop_(&loop), host_(to.host), port_(to.port) {}
  io::Loop* loop_;
  std::string host_;
  std::uint16_t port_;
  std::optional<io::TlsClient> tls_;
  std::optional<io::Stream> stream_;
  bool was_kept_ = false;
};

}  // namespace strongroom::sinks
