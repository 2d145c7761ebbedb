// Small files, whole. SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>

#include "base/result.h"

namespace strongroom::workroom {

/// NotFound, Storage, TooLarge. A regular file only.
[[nodiscard]] Result<std::string> read_small_file(const std::string& path, std::size_t limit);
/// `path` as a process whose root is `root` would find it: no link leads out (openat2(2),
/// RESOLVE_IN_ROOT).
[[nodiscard]] Result<std::string> read_small_file_in(const std::string& root,
                                                     const std::string& path, std::size_t limit);
/// A new file.
[[nodiscard]] Status write_small_file(const std::string& path, std::string_view text,
                                      unsigned mode);

}  // namespace strongroom::workroom
