// Has the other end taken what was sent? SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/clock.h"
#include "io/stream.h"
#include "io/task.h"

namespace strongroom::io {

/// Waits until the peer's system has acknowledged every octet that was written (looked at every 20
/// ms). Network when the connection ends before; Timeout at the deadline. That its program has read
/// them nobody knows.
[[nodiscard]] Task<Status> acknowledged(Stream& stream, Deadline deadline);

}  // namespace strongroom::io
