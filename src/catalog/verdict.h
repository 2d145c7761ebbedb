// What a provider's answer says of the key that was shown, as the catalogue describes it.
//
// Used by: gateway (checks, and agents' requests), issuer (has a call ended the key?). Status and
// body together: "401 = bad key" is wrong in both directions. SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "catalog/service.h"

namespace strongroom::catalog {

/// Octets of a body that are looked at.
inline constexpr std::size_t kLookedAt = 16UL << 10U;

enum class KeyVerdict : std::uint8_t { Accepted, Refused, Unknown };

/// May an answer of this status be a refusal of the key, so that its body is worth looking at?
[[nodiscard]] bool may_refuse_key(const Check& check, int status);
/// Of the answer to an agent's request. `body`: its start, decoded; none: that cannot be read.
[[nodiscard]] KeyVerdict verdict_of(const Check& check, int status,
                                    std::optional<std::string_view> body);
/// Of a check's own answer, whose status may be 200 for an error as well (Slack): agents' answers
/// are not judged so, as their texts may hold the same words.
[[nodiscard]] KeyVerdict verdict_of_check(const Check& check, int status, std::string_view body);

}  // namespace strongroom::catalog
