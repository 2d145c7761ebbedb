// `strongroom serve`: the vault's process. SPDX-License-Identifier: Apache-2.0
#pragma once

#include "app/config.h"

namespace strongroom::app {
/// Runs until SIGTERM or SIGINT; answers the exit code.
int serve(const ServeFlags& flags);
}  // namespace strongroom::app
