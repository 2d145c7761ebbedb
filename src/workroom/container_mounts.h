// What of this machine is shown in a container, whichever runtime makes it.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "workroom/runtime.h"

namespace strongroom::workroom {

/// In order. The session's files come last: nothing that the caller mounts may stand over them.
[[nodiscard]] std::vector<Mount> container_mounts(const ContainerSpec& container,
                                                  const std::string& init_program);

}  // namespace strongroom::workroom
