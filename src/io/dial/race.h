// Happy eyeballs (RFC 8305): attempts to connect begin one after another, and the first that stands
// wins. For io's own files. SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <string>

#include "io/dial/plan.h"

namespace strongroom::io {

/// How long an attempt goes on alone before the next begins beside it (RFC 8305 5). Looked at every
/// 50 ms.
inline constexpr std::chrono::milliseconds kAttemptDelay{250};

/// The first connection that stands; all other attempts are closed by then. The next attempt begins
/// after kAttemptDelay, or at once when the last one to begin has failed.
[[nodiscard]] Task<Result<Stream>> dial_first(Loop& loop, DialPlan plan, Deadline deadline,
                                              std::string name);

}  // namespace strongroom::io
