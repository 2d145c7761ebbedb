// Reads a folder, or one file, for a Sink: contents, names, and where symbolic links lead to. What
// is there is hostile: no link is followed, no device opened, no other file system entered.
//
// Used by: `strongroom scan`. Threads: one. SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "base/result.h"
#include "scan/sink.h"

namespace strongroom::scan {

/// What was met on the way and needs a reader of its own.
struct Met {
  std::vector<std::string> archives;     ///< below the root; "" is the root itself
  std::vector<std::string> git_folders;  ///< with HEAD, objects and refs in them
};

/// `root` is a descriptor of a folder or a regular file. An error ends the scan; what cannot be
/// read is skipped.
[[nodiscard]] Result<Met> read_tree(int root, Sink& sink);

/// A regular file below the root, opened for reading, through no link; "" is the root itself.
[[nodiscard]] Result<int> open_below(int root, const std::string& path);

/// All of an open file as one object.
[[nodiscard]] Status read_file(int file, Place place, Sink& sink);

/// Can what begins like this be looked into (archive.h)?
[[nodiscard]] bool looks_packed(ByteView beginning);
/// So much of it is needed to tell.
inline constexpr std::size_t kTelling = 512;

}  // namespace strongroom::scan
