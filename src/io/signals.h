// SignalWatch: signals of this process together with where they come from, which Loop::on_signals
// cannot tell.
//
// Used by: workroom (forwards to the command what its terminal has not sent it already). Threads:
// blocks the signals for the thread that makes it; make it before other threads start.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "base/result.h"
#include "io/loop.h"

namespace strongroom::io {

struct Signal {
  enum class Origin : std::uint8_t {
    Process,
    Kernel
  };  ///< Kernel: the terminal (Ctrl-C), a hang-up
  int number = 0;
  Origin origin = Origin::Process;
  int sender = 0;  ///< pid; 0 when unknown
};

class SignalWatch {
 public:
  /// Calls `on_signal` on the loop. Signals that the process ignores (nohup) are left alone.
  /// Destruction gives them back.
  static Result<std::unique_ptr<SignalWatch>> start(Loop& loop, const std::vector<int>& signals,
                                                    std::function<void(Signal)> on_signal);
  ~SignalWatch();
  SignalWatch(const SignalWatch&) = delete;
  SignalWatch& operator=(const SignalWatch&) = delete;

  struct State;

 private:
  explicit SignalWatch(std::shared_ptr<State> state);
  std::shared_ptr<State> state_;
};

}  // namespace strongroom::io
