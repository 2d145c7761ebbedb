// The first entry of a tar archive (POSIX ustar, with what GNU and pax put before it), as the
// engine answers for one file. SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace strongroom::workroom::docker {

struct TarEntry {
  enum class Kind : std::uint8_t { File, Link, Other };
  Kind kind = Kind::Other;
  std::string link;          ///< of a symbolic link
  std::string_view content;  ///< of a file; a view into the archive
};

/// Protocol where it is not one, or cut short.
[[nodiscard]] Result<TarEntry> first_tar_entry(std::string_view archive);

}  // namespace strongroom::workroom::docker
