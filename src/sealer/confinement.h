// What the sealer's process gives up before it looks at anything but its job.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/result.h"
#include "external_seal/job.h"

namespace strongroom::sealer {

/// Irrevocable. It starts no program, and of the machine's files it has those by which names are
/// resolved and certificates trusted; beside them, for a module, the folder it lies in and those
/// that the seal's settings name. A Unix socket it may make only where they say so: by it, it could
/// be the operator to the vault.
[[nodiscard]] Status confine(const external_seal::Settings& settings);

}  // namespace strongroom::sealer
