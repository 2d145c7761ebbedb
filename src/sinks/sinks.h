// Sinks: where the record goes besides the disk. A thread of its own, so that no sink holds up the
// vault's loop; only one that is required, and has taken nothing for longer than its patience,
// makes uses of keys wait (audit::Log::hold_uses), and they go on by themselves once it takes
// again.
//
// Used by: app. Threads: views() any; on_hold is called on the sinks' thread.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "audit/log.h"
#include "base/clock.h"
#include "sinks/settings.h"
#include "sinks/view.h"

namespace strongroom::sinks {

class Sinks {
 public:
  struct Options {
    std::vector<Settings> sinks;
    std::vector<WitnessSettings> witnesses;
    std::string directory;         ///< of the cursors; made where missing
    const Clock* clock = nullptr;  ///< outlives the sinks, like the record
    audit::Log* record = nullptr;
    /// Uses are held from now on, and why; or are no more.
    std::function<void(std::optional<Error>)> on_hold;
  };
  static Result<std::unique_ptr<Sinks>> start(Options options);
  ~Sinks();

  [[nodiscard]] std::vector<View> views() const;
  /// Nothing waits to be sent that could be: a failing one is not waited for.
  [[nodiscard]] bool is_idle() const;

 private:
  struct State;
  explicit Sinks(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace strongroom::sinks
