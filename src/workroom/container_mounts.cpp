// SPDX-License-Identifier: Apache-2.0
#include "workroom/container_mounts.h"

namespace strongroom::workroom {

std::vector<Mount> container_mounts(const ContainerSpec& container,
                                    const std::string& init_program) {
  std::vector<Mount> out = container.mounts;
  out.push_back({container.inside, kInside, true});
  out.push_back({init_program, kInit, true});
  if (!container.gateway_folder.empty())
    out.push_back({container.gateway_folder, kGatewayFolder, true});
  return out;
}

}  // namespace strongroom::workroom
