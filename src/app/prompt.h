// How values come in: a hidden prompt on a terminal, standard input otherwise, a file for a
// passphrase; never an argument. SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "base/result.h"
#include "base/secret.h"

namespace strongroom::app {

/// Reads up to 64 KiB and one line end after it (which is taken off). TooLarge beyond; empty
/// content is Invalid.
[[nodiscard]] Result<Secret> read_value(const std::string& prompt);
/// The same without the line end: for what is told apart from another line by it alone.
[[nodiscard]] Result<Secret> read_line_value(const std::string& prompt);
/// One line of it, where more of them follow.
[[nodiscard]] Result<Secret> read_next_line(const std::string& prompt);
/// STRONGROOM_PASSPHRASE_FILE, else a hidden prompt.
[[nodiscard]] Result<Secret> read_passphrase();

}  // namespace strongroom::app
