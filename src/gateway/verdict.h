// Verdict: what a provider's answer says of the key, as the catalogue describes it, for the vault.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

#include "base/bytes.h"
#include "catalog/verdict.h"
#include "lease/messages.h"

namespace strongroom::gateway {

/// As the lease protocol carries it.
[[nodiscard]] lease::Verdict to_lease(catalog::KeyVerdict verdict);
/// Of an answer to an agent's request, whose body is as it came.
[[nodiscard]] lease::Verdict verdict_of(const catalog::Check& check, int status,
                                        std::string_view content_encoding, ByteView body);
/// Is the key known to be refused, and this an answer that may say so? `granted` may be missing.
[[nodiscard]] bool says_rejected(const catalog::Check& check, const lease::GrantedLease* granted,
                                 int status);

}  // namespace strongroom::gateway
