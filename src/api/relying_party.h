// Who authenticators know this console as: by the address that people reach it at.
// Inside the room only. SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "base/result.h"
#include "vault/passkeys.h"

namespace strongroom::api {

/// A passkey is bound to a domain, over TLS or on the machine itself, where its name is localhost.
/// Conflict (passkeys_unavailable) for what has no domain.
[[nodiscard]] Result<vault::RelyingParty> relying_party_of(const std::string& console_url);

}  // namespace strongroom::api
