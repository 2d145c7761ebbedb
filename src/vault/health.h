// Health: how keys do, who is to hear of it, and what is still to be said.
//
// Used by: app (HealthKeeper). Threads: the vault's loop. A notice is a document about a key, never
// its value; it is kept until it was taken, or has been tried for days. SPDX-License-Identifier:
// Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/id.h"
#include "base/notice_id.h"

namespace strongroom::vault {

struct KeyHealth {
  KeyId key;
  std::string tenant;
  std::string service;
  std::string label;
  std::string owner;  ///< a member's name; empty: the tenant's
  std::string state;  ///< as KeyView says
  std::string told;   ///< what was told last; "active" where nothing was
  std::optional<WallTime> expires;
  bool is_checked = false;  ///< its provider can be asked, and nobody has switched that off
};

struct HealthPage {
  std::vector<KeyHealth> keys;
  std::int64_t next = 0;  ///< where the next one begins; 0: from the start
};

struct NewNotice {
  std::string hook;  ///< its URL
  std::string body;
};

struct DueNotice {
  NoticeId id;
  std::string hook;
  std::string body;
};

}  // namespace strongroom::vault
