// The two calls that a supervisor makes: to the vault, and to the engine that made a container.
// One blocking request of HTTP/1.1 on a connection of its own, seconds at most.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "workroom/supervision_record.h"

namespace strongroom::workroom {

/// The answer's status; 0: nobody answered.
[[nodiscard]] int tell_vault(const SupervisionRecord& record, const std::string& body);
/// By its name, whatever it does, with its volumes.
void remove_container(const std::string& engine_socket, const std::string& name);

}  // namespace strongroom::workroom
