// Reads what is packed for a Sink: tar files (images of `docker save` and of OCI layouts, their
// layers), zip files, gzip and zstd, one in the other. Each entry is an object, and so are its name
// and where a link leads to. Nothing is unpacked to a disk.
//
// Used by: `strongroom scan`, confined (confine_reading). Threads: one. What is read is hostile;
// the sink's limits bound what comes out of it. SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "base/result.h"
#include "scan/sink.h"

namespace strongroom::scan {

/// What is damaged is read as far as it goes, skipped, and searched as it is as well. `path` is
/// that of the file; entries are called PATH!ENTRY.
[[nodiscard]] Status read_archive(int file, const std::string& path, Sink& sink);

/// From here on this process opens nothing but what is below `root`, starts no program and reaches
/// no network.
[[nodiscard]] Status confine_reading(int root);

}  // namespace strongroom::scan
