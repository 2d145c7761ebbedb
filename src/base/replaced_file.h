// A small file that is replaced as a whole: whoever opens it sees the one before or the one after;
// and one that is made.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>
#include <cstdint>
#include <string>

#include "base/bytes.h"

namespace strongroom {

/// What the new content outlives, once it is in place.
enum class Outlives : std::uint8_t {
  Process,          ///< the end of this one
  PowerLoss,        ///< one from before or one from after is there
  PowerLossAtOnce,  ///< the one from after is there: the folder is synchronised, too
};

/// Writes to PATH.new, which has never been anybody else's, and renames that. False: errno says
/// why, and the one from before is still there, unless it was the folder that could not be
/// synchronised.
[[nodiscard]] bool replace_file(const std::string& path, ByteView content, mode_t mode,
                                Outlives outlives);

/// Makes a file under its own name, for which there is no reader yet. False: errno says why,
/// EEXIST where there is one, and otherwise there is none.
[[nodiscard]] bool make_file(const std::string& path, ByteView content, mode_t mode);

}  // namespace strongroom
