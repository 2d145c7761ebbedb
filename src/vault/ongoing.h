// What is kept of doings that take more than one step. Internal to this room.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "store/rows.h"
#include "vault/vault.h"

namespace strongroom::vault {

/// A shred that was asked for: the end of its rewrap writes its receipt.
struct Shred {
  WallTime asked{};
  RootRotation rotation;
};

/// A rewrap of a tenant, and how far it is.
struct Rewrap {
  RewrapView view;
  Actor actor = Actor::installation("vault");
  unsigned share = 100;
  std::int64_t after = 0;    ///< where the next part of the walk over the tenant's keys begins
  bool is_counting = false;  ///< the second walk
  std::optional<Shred> shred;
};

/// What was found when it was last tried whether a seal opens.
struct SealLook {
  Status opens;
  WallTime at{};
};

/// New means of a seal, until the next rotation or their time is over.
struct Renewal {
  Sealing sealing;
  SteadyTime until{};
};

/// What goes with a member, or with a tenant.
struct Belongings {
  store::Tenant tenant;
  store::Member member;
  std::vector<store::Session> sessions;  ///< open ones
  std::vector<store::Key> keys;
};

/// What a change came to, to be told to holders after the commit.
struct Settled {
  std::vector<store::Session> ended;
  bool is_less = false;  ///< something was taken away
};

}  // namespace strongroom::vault
