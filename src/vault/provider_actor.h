// Who acts where an identity provider's word changes something. Internal to this room.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/access_ids.h"
#include "vault/actor.h"

namespace strongroom::vault {

[[nodiscard]] inline Actor actor_of(IdentityProviderId provider) {
  return Actor::installation("identity provider " + provider.text());
}

}  // namespace strongroom::vault
