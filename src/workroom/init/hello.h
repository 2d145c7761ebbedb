// `strongroom-init --socket PATH [--wait SECONDS] -- COMMAND...`: the entry point of a container
// that a platform has started. It meets the runner (`strongroom attach`) at the socket, and says
// what it is to run (wire.h, WireHello). SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

namespace strongroom::workroom {

struct Meeting {
  int wire = -1;
  std::string folder;  ///< of the socket
};

/// Waits for the socket, 30 s or as long as is said. Where nothing comes of it, the process ends:
/// 2 wrong use, 5 no runner.
[[nodiscard]] Meeting meet_runner(const std::vector<std::string>& arguments);

}  // namespace strongroom::workroom
