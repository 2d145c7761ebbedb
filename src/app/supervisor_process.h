// The process of a supervisor (workroom/supervisor/main.cpp): how it is started, for a runner that
// lives and for what dead ones have left. SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"

namespace strongroom::app {

struct BegunSupervisor {
  int wire = -1;          ///< our end of its descriptor 3; the caller's to close
  std::uint32_t pid = 0;  ///< no child of ours
};
/// `lock`: of the folder that it stands for.
[[nodiscard]] Result<BegunSupervisor> start_supervisor(std::vector<std::string> arguments,
                                                       int lock);

/// Starts one for each folder of this user whose own has died too, and waits a moment for their
/// processes to be dead. What they then still have to tell, they tell by themselves.
void end_abandoned();

}  // namespace strongroom::app
