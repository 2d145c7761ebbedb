// Transport: how entries get to one sink. Inside the room only.
//
// Threads: the sinks' own. SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "audit/entries.h"
#include "base/clock.h"
#include "base/result.h"
#include "io/loop.h"
#include "io/task.h"
#include "sinks/settings.h"

namespace strongroom::sinks {

/// Entries that follow one another in the record.
struct Batch {
  std::uint64_t first = 0;            ///< number of the first in the tree
  std::vector<std::string> messages;  ///< one for each entry
};

class Transport {
 public:
  virtual ~Transport() = default;
  [[nodiscard]] virtual std::string message(std::uint64_t index, const audit::Entry& entry) = 0;
  /// All of it was taken when this answers, as far as the protocol can tell. The batch outlives the
  /// call.
  [[nodiscard]] virtual io::Task<Status> deliver(const Batch& batch, Deadline deadline) = 0;
  /// How long the receiver asked to be left alone when it last refused.
  [[nodiscard]] virtual std::chrono::seconds asked_pause() const { return {}; }
};

/// `origin` is the record's name in its checkpoints.
[[nodiscard]] Result<std::unique_ptr<Transport>> make_transport(io::Loop& loop,
                                                                const Settings& settings,
                                                                const std::string& origin);
[[nodiscard]] Result<std::unique_ptr<Transport>> make_https(io::Loop& loop,
                                                            const Settings& settings,
                                                            const std::string& origin);
[[nodiscard]] Result<std::unique_ptr<Transport>> make_syslog_stream(io::Loop& loop,
                                                                    const Settings& settings);
[[nodiscard]] std::unique_ptr<Transport> make_syslog_datagrams(io::Loop& loop,
                                                               const Settings& settings);

}  // namespace strongroom::sinks
