// A page of the record. SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "audit/index.h"
#include "base/json.h"

namespace strongroom::audit {

/// Newest first, uses with their ends; nothing behind `until`.
[[nodiscard]] Result<std::vector<json::object>> list_entries(const std::string& directory,
                                                             WrittenUpTo until,
                                                             const RecordIndex& index,
                                                             const Filter& filter);

}  // namespace strongroom::audit
