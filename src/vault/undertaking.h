// What a revoke, an end or a shred is about, from its commit to its receipt. Internal to this room.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "audit/entries.h"
#include "base/clock.h"
#include "base/dynamic_id.h"
#include "base/id.h"
#include "base/json.h"
#include "vault/actor.h"
#include "vault/fences.h"

namespace strongroom::vault {

/// What is taken away, who is told, and what its receipt says.
struct Undertaking {
  ReceiptId id;
  json::object subject;
  TenantId tenant;
  std::string subject_id;
  WallTime asked{};
  WallTime revoked{};
  std::vector<FenceTarget> targets;
  std::string reason;
  std::optional<SessionId> ended;    ///< for R2: the one session that it is about
  std::vector<KeyId> injected_keys;  ///< for R2: earlier sessions whose end nobody confirmed
  using Ending = std::vector<std::pair<SessionId, std::string>>;
  Ending ending;                    ///< sessions that end by this, and why
  std::vector<KeyId> revoked_keys;  ///< those that go by this
  audit::Act facts;
  std::string action;
  Actor actor = Actor::installation("vault");
  std::vector<HolderOutcome> reported;  ///< by supervisors, of runners that no fence reaches
  std::vector<DynamicId> credentials;   ///< to be destroyed at their source with it
  std::vector<std::pair<KeyId, std::string>> keys;  ///< its targets, with their services
  std::vector<std::string> left_at_source;  ///< services of those whose provider is told nothing
  bool is_forgotten = false;                ///< no file of the database holds what was destroyed
};

/// How its fences were begun.
struct BegunFences {
  Status recorded;     ///< that it is begun
  Status credentials;  ///< what is to be destroyed at a source was read
};

/// What the receipt of a shred says (R4).
struct ShredFacts {
  TenantId tenant;
  std::string name;
  std::string asked_by;
  WallTime asked{};
  WallTime before{};  ///< what was revoked until then is meant
  std::int64_t revoked_keys = 0;
  std::string why_not;  ///< empty: R4 holds
};

}  // namespace strongroom::vault
