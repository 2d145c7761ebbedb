// The control groups of a container, where the runtime that made them did not live to remove them.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

namespace strongroom::workroom {

/// As the runtime is told (cgroupsPath), in each hierarchy.
[[nodiscard]] std::string cgroup_path(const std::string& container);
/// One round: what forks meanwhile is found in the next.
void kill_cgroups(const std::string& container);
/// Kills what is in them and removes them, in every hierarchy (cgroups(7), version 1 and 2). Waits
/// for the dead, a second at most.
void remove_cgroups(const std::string& container);

}  // namespace strongroom::workroom
