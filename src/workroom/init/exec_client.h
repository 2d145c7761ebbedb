// `strongroom-init exec --with SERVICE... [--as UID] -- COMMAND...`: asks the runner, over the
// workroom's exec socket, to run one command with just those services' variables (exec_wire.h).
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

namespace strongroom::workroom {

/// `arguments`: after the word exec. The exit status: the command's, or the house's (2: wrong use).
[[nodiscard]] int run_exec_client(const std::vector<std::string>& arguments);

}  // namespace strongroom::workroom
