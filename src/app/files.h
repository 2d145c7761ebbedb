// Small files of the data directory. SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>
#include <string>

#include "base/result.h"

namespace strongroom::app {

/// At most `limit` octets, else TooLarge. NotFound when there is none.
[[nodiscard]] Result<std::string> read_file(const std::string& path,
                                            std::size_t limit = 1UL << 20U);
/// Writes beside, synchronises, renames over.
[[nodiscard]] Status write_file(const std::string& path, std::string_view text, mode_t mode);
/// Makes the directory with 0700 where it is missing; refuses one that others may enter.
[[nodiscard]] Status prepare_private_directory(const std::string& path);

}  // namespace strongroom::app
