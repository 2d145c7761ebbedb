// Tickets as commands are given them. SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "base/result.h"

namespace strongroom::app {

/// Of a file ("-": standard input); without one STRONGROOM_TICKET, else standard input. Invalid:
/// that is no ticket.
[[nodiscard]] Result<std::string> read_ticket(const std::string& file = {});

}  // namespace strongroom::app
