// How a sink is, as others are told. SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

#include "base/clock.h"

namespace strongroom::sinks {

struct View {
  std::string name;
  std::string kind{"sink"};  ///< or "witness"
  std::string to;
  bool is_required = false;
  std::string state;  ///< "current", "sending", "failing", "holding" (uses wait), "stopped",
  ///< "contradicting" (a witness has seen another record)
  std::uint64_t sent = 0;
  std::uint64_t pending = 0;
  std::chrono::seconds behind{};  ///< since when something waits
  WallTime last_taken{};          ///< since this start
  std::string error;              ///< of the last attempt, if it failed
};

}  // namespace strongroom::sinks
