// What happens in a session, for whoever follows it. SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/id.h"
#include "base/json.h"

namespace strongroom::vault {

/// Kinds, and what they say beside: `started` (member, runtime, expires, labels); `attached`: a
/// runner is there; `key_revoked` (key, service, label, receipt): the revoke of one of its keys has
/// been carried through; `ending` (why): nothing of it is good any more; `ended` (why, receipt,
/// withdrawn): that has been carried through too, and `withdrawn` says whether R2 holds.
struct SessionEvent {
  std::string_view kind;
  WallTime at{};
  SessionId session;
  TenantId tenant;
  MemberId member;  ///< on whose behalf it runs
  std::string tenant_name;
  json::object facts;
};

using SessionFollower = std::function<void(const SessionEvent&)>;

}  // namespace strongroom::vault
