// What an identity provider says of somebody, and whether it is taken. Internal to this room.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"
#include "dynamic/job.h"
#include "store/identity_rows.h"

namespace strongroom::vault {

/// `identity_refused`, with a sentence's end that says why.
[[nodiscard]] std::unexpected<Error> not_taken(const std::string& why);
/// OpenID Connect Core 3.1.3.7; of its signature the issuer's own process made sure. `now` in
/// seconds.
[[nodiscard]] Status check_claims(const dynamic::Outcome& said, const store::IdentityProvider& row,
                                  const std::string& nonce, std::int64_t now);
[[nodiscard]] Status check_domain(const store::IdentityProvider& row, const dynamic::Outcome& said);
/// By name, of those that were `asked` about, which the table may not have any more.
[[nodiscard]] std::vector<std::string> groups_at(const std::vector<std::string>& asked,
                                                 const std::string& places);
/// The role that gives most of those that the groups have at this moment.
[[nodiscard]] Result<std::string> role_in(const store::IdentityProvider& row,
                                          const std::vector<std::string>& groups);
/// What people may be called here: of that nothing follows but what others read.
[[nodiscard]] std::vector<std::string> names_in(const dynamic::Outcome& said);

}  // namespace strongroom::vault
