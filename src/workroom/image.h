// A root filesystem and what goes with it: a folder, or an OCI image layout, which umoci unpacks
// once into a cache (OCI image specification 1.0).
//
// Used by: RuncRuntime. Threads: the loop's. SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "io/loop.h"
#include "io/task.h"
#include "workroom/environment.h"

namespace strongroom::workroom {

struct Image {
  std::string root;  ///< absolute; never written to
  std::vector<PlainVariable> variables;
  std::vector<std::string> command;  ///< entry point and arguments
  std::string working_directory = "/";
  std::string user;  ///< "", "NAME", "UID", either with ":GROUP"
};

/// `name`: a folder with a root filesystem, or FOLDER[:TAG] of a layout (tag: latest). NotFound,
/// Unsupported (no umoci), Invalid.
[[nodiscard]] io::Task<Result<Image>> open_image(io::Loop& loop, std::string name);

}  // namespace strongroom::workroom
