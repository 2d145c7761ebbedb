// The config.json of a workroom's bundle (OCI runtime specification 1.0). It holds no value, no
// pass and no variable of the session: strongroom-init is all it starts.
//
// Used by: RuncRuntime. Threads: values. SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "base/json.h"
#include "workroom/runtime.h"

namespace strongroom::workroom {

struct OciFacts {
  std::string root;          ///< of the workroom, writable
  std::string hosts_file;    ///< empty: the root's own /etc/hosts
  std::string init_program;  ///< on this machine
};

[[nodiscard]] json::object oci_config(const ContainerSpec& container, const OciFacts& facts);
/// The text of /etc/hosts.
[[nodiscard]] std::string hosts_text(const ContainerSpec& container);

}  // namespace strongroom::workroom
