// Users of a root filesystem, by its own /etc/passwd and /etc/group. SPDX-License-Identifier:
// Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace strongroom::workroom {

struct UserAndHome {
  unsigned user = 0;
  unsigned group = 0;
  std::string home = "/";
};
/// `user`: NAME or UID, either with :GROUP; empty: root. NotFound: no such user or group. The texts
/// are those of passwd(5) and group(5), and may be empty.
[[nodiscard]] Result<UserAndHome> find_user(std::string_view passwd, std::string_view groups,
                                            const std::string& user);
/// The same by the files below `root`, of which no link leads out of it.
[[nodiscard]] Result<UserAndHome> user_of(const std::string& root, const std::string& user);

}  // namespace strongroom::workroom
