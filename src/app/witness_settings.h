// [[audit.witness]] of the configuration file. SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "sinks/settings.h"

namespace strongroom::app {

/// `audit` is what stands under [audit], a table.
[[nodiscard]] Result<std::vector<sinks::WitnessSettings>> read_witnesses(
    const json::value& audit, const std::filesystem::path& folder);

}  // namespace strongroom::app
