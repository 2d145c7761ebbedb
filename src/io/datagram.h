// Datagram: messages sent to one place, each whole or not at all; nothing is read.
//
// Used by: sinks. Threads: its owner's. SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/result.h"
#include "io/loop.h"
#include "io/task.h"

namespace strongroom::io {

/// Error::reason of a message that cannot be taken now: try again in a moment.
inline constexpr std::string_view kDatagramsFull = "datagrams_full";

class Datagram {
 public:
  Datagram(Datagram&& other) noexcept;
  Datagram& operator=(Datagram&& other) noexcept;
  ~Datagram();
  /// A Unix socket of kind SOCK_DGRAM, such as /dev/log.
  [[nodiscard]] static Result<Datagram> to_unix(const std::string& path);
  /// Does not wait. TooLarge when it is more than one message may be; Network also for what became
  /// of an earlier one.
  [[nodiscard]] Status send(ByteView message) const;

 private:
  friend Task<Result<Datagram>> dial_udp(Loop& loop, std::string host, std::uint16_t port,
                                         Deadline deadline);
  explicit Datagram(int fd) noexcept : fd_(fd) {}
  int fd_ = -1;
};

/// Resolves; the first address to which there is a way is taken.
[[nodiscard]] Task<Result<Datagram>> dial_udp(Loop& loop, std::string host, std::uint16_t port,
                                              Deadline deadline);

}  // namespace strongroom::io
