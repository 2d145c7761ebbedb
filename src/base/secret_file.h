// Files that hold a secret: read straight into locked memory, and only where nobody else may.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "base/result.h"
#include "base/secret.h"

namespace strongroom {

enum class FileOwner : std::uint8_t {
  Self,
  SelfOrRoot,  ///< what systemd hands over is of root, for a group that has nobody else in it
  Anyone,
};

struct SecretFileRules {
  std::size_t most = 0;  ///< octets
  FileOwner owner = FileOwner::Self;
  bool may_be_link = false;
};

/// All that is in it. The message says what is wrong, as the end of a sentence that begins with the
/// file. NotFound, TooLarge, Refused (whose it is, what it is, who may read it), Storage.
[[nodiscard]] Result<Secret> read_secret_file(const std::string& path,
                                              const SecretFileRules& rules);

}  // namespace strongroom
