// Reading TOML for rooms above: the same library, one face. SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/json.h"
#include "catalog/catalog.h"

namespace strongroom::catalog {

/// The whole document as JSON (dates become their text). An error names file and line. At most 256
/// KiB.
[[nodiscard]] Result<json::object> toml_to_json(const SourceFile& file);

}  // namespace strongroom::catalog
