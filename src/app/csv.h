// Entries of the record as CSV (RFC 4180). SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "base/json.h"

namespace strongroom::app {

/// The names of the columns, as one line.
[[nodiscard]] std::string csv_head();
/// An entry as the control API tells it. A cell that a spreadsheet would take for a formula begins
/// with an apostrophe instead.
[[nodiscard]] std::string csv_row(const json::value& entry);

}  // namespace strongroom::app
