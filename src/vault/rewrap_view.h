// A rewrap of a tenant as it is shown. For vault.h alone. SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"

namespace strongroom::vault {

inline constexpr std::string_view kRewrapRunning = "running";
inline constexpr std::string_view kRewrapDone = "done";
inline constexpr std::string_view kRewrapFailed = "failed";

/// A rewrap of a tenant: how far it is, and what it achieved (vault/rewrap.h).
struct RewrapView {
  std::string tenant;
  std::string state;          ///< "running", "done", "failed"
  std::int64_t epoch = 0;     ///< that everything goes into
  std::size_t keys = 0;       ///< of the tenant, when it began
  std::size_t seen = 0;       ///< of these
  std::size_t rewrapped = 0;  ///< records, by this process
  std::size_t left = 0;       ///< records of an old epoch, once counted: none
  bool is_forgotten = false;  ///< no file of the database holds an old seed or record
  std::string why;            ///< of one that failed
  std::string receipt;        ///< of a shred that is done
  WallTime begun{};           ///< when the epoch was: what was revoked before is not in it
  std::optional<WallTime> ended;
};

}  // namespace strongroom::vault
