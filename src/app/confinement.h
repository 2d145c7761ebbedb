// What the vault's process gives up. SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/result.h"

namespace strongroom::app {

/// Irrevocable, and for all that it starts: of the system's calls those alone that the vault, its
/// gateways, issuers, searchers and supervisors have a use for. No tracing of processes, no mounts
/// or namespaces, no kernel modules, programs, keyrings or rings. Before any second thread is
/// started.
[[nodiscard]] Status confine_vault();

}  // namespace strongroom::app
