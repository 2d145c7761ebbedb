// SPDX-License-Identifier: Apache-2.0
#include "gateway/confinement.h"

#include "base/log.h"
#include "io/process/sandbox.h"

namespace strongroom::gateway {

Status confine_gateway() {
  STRONGROOM_TRY(const auto state,
                 io::enter({io::calls_of_network_programs(), io::files_of_network_programs()}));
  if (!state.files)
    log(LogLevel::Info, "files_not_limited", {{"why", "this kernel has no Landlock"}});
  return {};
}

}  // namespace strongroom::gateway
