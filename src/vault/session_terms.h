// What a session is started with beside its keys: limits and labels. Internal to this room.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "vault/vault.h"

namespace strongroom::vault {

inline constexpr std::size_t kMostLabels = 16;
inline constexpr std::size_t kLongestLabelName = 63;
inline constexpr std::size_t kLongestLabelValue = 128;

/// Time and idle limits, and labels: names of letters, digits and "._/-", each once; values that
/// print and hold no comma.
[[nodiscard]] Status check_terms(const SessionRequest& request);
[[nodiscard]] Status check_labels(const Settings& labels);

}  // namespace strongroom::vault
