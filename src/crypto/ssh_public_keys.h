// Public keys of SSH servers, as people write them down. SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "base/bytes.h"

namespace strongroom::crypto {

/// "ssh-ed25519 AAAA..., ecdsa-sha2-nistp256 AAAA...": types and their keys, also with a host
/// before them or a comment behind (ssh-keyscan). In their binary form (RFC 4253 6.6); nothing
/// where an entry is none.
[[nodiscard]] std::optional<std::vector<ByteVector>> parse_ssh_public_keys(std::string_view text);

}  // namespace strongroom::crypto
