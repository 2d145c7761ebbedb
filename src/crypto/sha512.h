// SHA-512, for what others have decided to hash by it. SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>

#include "base/bytes.h"

namespace strongroom::crypto {

[[nodiscard]] std::array<std::uint8_t, 64> sha512(ByteView data);

}  // namespace strongroom::crypto
