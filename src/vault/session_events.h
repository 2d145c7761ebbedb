// What happens in a session, for whoever follows it. SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/id.h"
#include "base/json.h"

namespace strongroom::vault {

/// `started` (member, runtime, expires, labels); `attached`: a runner is there; `key_revoked` (key,
/// service, label, receipt): the revoke of one of its keys is through; `ending` (why): nothing of
/// it is good any more; `ended` (why, receipt, withdrawn: R2 holds): that is through too. Of no
/// session: `key_state` (key, service, label, owner, state): how a key does now, as KeyView says.
struct SessionEvent {
  std::string_view kind;
  WallTime at{};
  SessionId session;
  TenantId tenant;
  MemberId member;  ///< on whose behalf it runs; a key's own
  std::string tenant_name;
  json::object facts;
};

using SessionFollower = std::function<void(const SessionEvent&)>;

}  // namespace strongroom::vault
