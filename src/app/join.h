// Two streams made one: what relays do once they have said their piece.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "io/stream.h"

namespace strongroom::app {

/// Carries octets both ways until both have ended; an end in order is handed on alone, a failure
/// ends both.
[[nodiscard]] io::Task<void> join(io::Stream one, io::Stream other);

}  // namespace strongroom::app
