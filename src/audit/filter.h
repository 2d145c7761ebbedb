// What to list of the record. SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/clock.h"
#include "base/id.h"

namespace strongroom::audit {

/// Finding: what a person should look at, also that a provider refuses a key.
enum class EntryKind : std::uint8_t { Use, Change, Finding };

/// Empty members do not filter.
struct Filter {
  std::optional<TenantId> tenant;
  std::optional<KeyId> key;
  std::optional<SessionId> session;
  std::optional<MemberId> member;
  std::optional<std::string> service;
  std::optional<std::string> finding;  ///< only findings of this code
  std::optional<EntryKind> kind;
  std::optional<WallTime> from;
  std::optional<WallTime> to;  ///< only before it
  std::uint64_t before = 0;  ///< only sequences below this one; 0: no bound (paging, newest first)
  std::size_t limit = 100;
};

}  // namespace strongroom::audit
