// What the gateway keeps of the system once it runs: sockets, memory, threads, time, and the files
// by which names are resolved. It starts no program, writes no file and traces nobody.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/result.h"

namespace strongroom::gateway {

/// Before the first octet of anybody is read. Says in the log where the kernel has no Landlock.
[[nodiscard]] Status confine_gateway();

}  // namespace strongroom::gateway
