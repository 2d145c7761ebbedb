// SignalPipe: signals of this process, handed to a loop through a pipe. The threads' signal masks
// stay as they are. For io's own files. SPDX-License-Identifier: Apache-2.0
#pragma once

#include <csignal>
#include <functional>
#include <initializer_list>
#include <memory>
#include <utility>
#include <vector>

#include "io/descriptor.h"

namespace strongroom::io {

class SignalPipe {
 public:
  /// One of a process at a time.
  static std::unique_ptr<SignalPipe> start(Loop& loop, std::initializer_list<int> signals,
                                           std::function<void(int)> on_signal);
  ~SignalPipe();
  SignalPipe(const SignalPipe&) = delete;
  SignalPipe& operator=(const SignalPipe&) = delete;

 private:
  SignalPipe(Loop& loop, std::function<void(int)> on_signal);
  void take_all();

  Descriptor reading_;
  int writing_ = -1;
  std::function<void(int)> on_signal_;
  std::vector<std::pair<int, struct sigaction>> before_;
};

}  // namespace strongroom::io
