// [[audit.sink]] of the configuration file. SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "sinks/settings.h"

namespace strongroom::app {

/// It is the name of a file and a label of metrics.
[[nodiscard]] Status check_follower_name(const std::string& name, const std::string& table);
/// `audit` is what stands under [audit].
[[nodiscard]] Result<std::vector<sinks::Settings>> read_sinks(const json::value& audit,
                                                              const std::filesystem::path& folder);

}  // namespace strongroom::app
