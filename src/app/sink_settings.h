// [[audit.sink]] of the configuration file. SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "sinks/settings.h"

namespace strongroom::app {

/// `audit` is what stands under [audit].
[[nodiscard]] Result<std::vector<sinks::Settings>> read_sinks(const json::value& audit,
                                                              const std::filesystem::path& folder);

}  // namespace strongroom::app
