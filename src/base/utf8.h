// UTF-8, and names that people choose: one canonical form, so that no two look alike.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "base/result.h"

namespace strongroom {

/// Octets of the character at the start of `text`, which is not empty; 0 when it is none (RFC
/// 3629).
[[nodiscard]] std::size_t utf8_size(std::string_view text);
[[nodiscard]] bool is_utf8(std::string_view text);

/// Tenant, member, skill names and key labels: 1 to 64 of a-z, 0-9, '-', '_', '.', '@', first a
/// letter or digit. Upper case is refused, not folded, so that two names never differ by case
/// (threats.md part 3, 3).
[[nodiscard]] Result<std::string> checked_name(std::string_view what, std::string_view name);
/// A host name in lower case A-labels (RFC 1123 letters, digits, hyphens, dots; no trailing dot;
/// not an IP literal unless `allow_address`), or an error.
enum class AddressLiteral : bool { Refuse, Allow };
[[nodiscard]] Result<std::string> checked_host(std::string_view host,
                                               AddressLiteral literal = AddressLiteral::Refuse);

}  // namespace strongroom
