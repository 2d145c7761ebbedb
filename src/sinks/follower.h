// Follower: somebody who is told how the record grows: a sink, which gets its entries, or a
// witness, which gets its checkpoints. Inside the room only.
//
// Threads: the sinks' own loop. SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>

#include "base/result.h"
#include "io/task.h"
#include "sinks/view.h"

namespace strongroom::sinks {

class Follower {
 public:
  virtual ~Follower() = default;
  /// Until its loop ends.
  [[nodiscard]] virtual io::Task<void> run() = 0;
  /// Some times a second: wakes it when there is something to send, and looks at the time.
  virtual void tick() = 0;
  [[nodiscard]] virtual View view() const = 0;
  /// Why uses of keys have to wait for it, if they have.
  [[nodiscard]] virtual std::optional<Error> why_held() const = 0;
};

}  // namespace strongroom::sinks
