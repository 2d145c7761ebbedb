// A thread that nobody waits for, to which no signal comes: signals are the loop's matter.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>

#include "base/result.h"

namespace strongroom::workroom {

/// `work` owns what it uses. Unavailable: no thread can be made.
[[nodiscard]] Status start_detached_thread(std::function<void()> work);

}  // namespace strongroom::workroom
