// Credentials that are shown once: a recognisable start and 32 random octets; what is kept is their
// SHA-256. Internal to this room. SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "base/bytes.h"

namespace strongroom::vault {

/// `start` and 32 random octets in base64url.
[[nodiscard]] std::string make_credential(std::string_view start);
/// As a row keeps it.
[[nodiscard]] ByteVector kept_hash(std::string_view credential);

}  // namespace strongroom::vault
