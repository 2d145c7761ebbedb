// The seal file: one key, readable by its owner only. SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "base/result.h"
#include "base/secret.h"

namespace strongroom::vault {

enum class WhenMissing : std::uint8_t { Make, Refuse };

/// Reads the 32-octet key of the seal file; makes a random one where that is wanted and none
/// exists. Refused (Sealed) when anybody but the owner may read or write it, when it belongs to
/// another user, or when it is not a seal file.
[[nodiscard]] Result<Secret> read_seal_file(const std::string& path, WhenMissing when_missing);

}  // namespace strongroom::vault
