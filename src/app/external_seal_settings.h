// [[external_seal]] of the configuration. SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "external_seal/job.h"

namespace strongroom::app {

/// Relative names of files are relative to `folder`.
[[nodiscard]] Result<std::vector<external_seal::Settings>> read_external_seals(
    const json::value& seals, const std::filesystem::path& folder);

}  // namespace strongroom::app
