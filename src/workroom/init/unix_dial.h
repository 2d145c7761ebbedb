// Sockets of this machine, by path. SPDX-License-Identifier: Apache-2.0
#pragma once

namespace strongroom::workroom {

/// Connected, close-on-exec; -1 where nobody listens or the path is too long. `flags` of socket(2).
[[nodiscard]] int dial_unix(const char* path, int flags = 0);

}  // namespace strongroom::workroom
