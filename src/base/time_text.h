// Times as people write them. SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string_view>

#include "base/clock.h"

namespace strongroom {

/// "2026-11-23", which begins at midnight UTC, or RFC 3339: "2026-11-23T14:29:10.123Z", with an
/// offset as well. Nothing where it is neither, or no such day.
[[nodiscard]] std::optional<WallTime> parse_time(std::string_view text);

}  // namespace strongroom
