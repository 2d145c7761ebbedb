// What the vault knows of sign-ins beside their rows, while they are under way. Internal to this
// room. SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/access_ids.h"
#include "base/clock.h"
#include "crypto/crypto.h"

namespace strongroom::vault {

/// Whom a provider has proven somebody to be.
struct Proven {
  IdentityProviderId provider;
  crypto::Digest browser{};
  std::string subject;
  std::string session;              ///< as the provider calls it; may be empty
  std::vector<std::string> groups;  ///< of those that were asked about
  std::vector<std::string> names;   ///< what they may be called here
  SteadyTime until{};
  unsigned wrong = 0;  ///< codes
};

/// Who may come in while there is nobody.
struct FirstOwner {
  crypto::Digest invitation{};
  std::int64_t expires = 0;
};

}  // namespace strongroom::vault
