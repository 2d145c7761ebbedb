// Verdict: what a provider's answer says of the key, as the catalogue describes it.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "catalog/service.h"
#include "lease/messages.h"

namespace strongroom::gateway {

/// Octets of an error body that are looked at.
inline constexpr std::size_t kLookedAt = 16UL << 10U;

/// May an answer of this status be a refusal of the key, so that its body is worth looking at?
[[nodiscard]] bool may_refuse_key(const catalog::Check& check, int status);
/// Status and body together: "401 = bad key" is wrong in both directions.
[[nodiscard]] lease::Verdict verdict_of(const catalog::Check& check, int status,
                                        std::string_view content_encoding, ByteView body);
/// Of a check's own answer, whose status may be 200 for an error as well (Slack): agents' answers
/// are not judged so, as their texts may hold the same words.
[[nodiscard]] lease::Verdict verdict_of_check(const catalog::Check& check, int status,
                                              ByteView body);

}  // namespace strongroom::gateway
