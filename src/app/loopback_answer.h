// LoopbackAnswer: takes what a browser of this machine brings back from a login (RFC 8252 7.3).
//
// Used by: key connect. Threads: blocks. One connection after another is looked at until one asks
// for the right path; what it says is checked by the vault. SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <string>

#include "base/clock.h"
#include "base/owned_descriptor.h"
#include "base/result.h"

namespace strongroom::app {

class LoopbackAnswer {
 public:
  /// A port of 127.0.0.1, for this process alone.
  static Result<LoopbackAnswer> open();
  [[nodiscard]] int port() const { return port_; }
  /// The query of /callback, decoded. Timeout.
  [[nodiscard]] Result<std::map<std::string, std::string>> wait(std::chrono::seconds within);

 private:
  LoopbackAnswer(int listener, int port) : listener_(listener), port_(port) {}
  int listener_;
  int port_;
};

}  // namespace strongroom::app
