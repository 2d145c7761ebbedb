// Reads all objects of a git repository for a Sink: every version of every file, every message,
// also what nothing leads to any more. Git itself unpacks them (`git cat-file`), with none of the
// repository's own settings that would start a program or reach a network.
//
// Used by: `strongroom scan`. Threads: one. SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "base/result.h"
#include "scan/sink.h"

namespace strongroom::scan {

/// `folder` is the repository's own (with HEAD, objects, refs), below the root; objects are called
/// "FOLDER!blob OID". What cannot be read is skipped.
[[nodiscard]] Status read_git_objects(int root, const std::string& folder, Sink& sink);

}  // namespace strongroom::scan
