// The seal file: one key, readable by its owner only. SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "base/result.h"
#include "base/secret.h"

namespace strongroom::vault {

enum class WhenMissing : std::uint8_t { Make, Refuse };

/// Reads the 32-octet key of the seal file; makes a random one where that is wanted and none
/// exists. Refused (Sealed) when anybody but the owner may read or write it, when it belongs to
/// another user, or when it is not a seal file.
[[nodiscard]] Result<Secret> read_seal_file(const std::string& path, WhenMissing when_missing);

// A change of the file's key, and of what is sealed under it in the database, is not one step: the
// key that is to follow waits beside the file, as FILE.next, until the database has changed. Either
// of the two opens at any moment, and a start settles which (seal.cpp).

/// The key in the file that is to follow the one at `path`; made where there is none yet.
[[nodiscard]] Result<Secret> next_seal_file(const std::string& path);
/// The same, of one that a start finds. Fails where there is none.
[[nodiscard]] Result<Secret> found_next_seal_file(const std::string& path);
/// It takes the place of the one at `path`, which is written over first. Sealed where that fails: a
/// start tries again.
[[nodiscard]] Status adopt_next_seal_file(const std::string& path);
/// It is not the one: written over and removed.
void drop_next_seal_file(const std::string& path);

}  // namespace strongroom::vault
