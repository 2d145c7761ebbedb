// What a supervisor gives up before it does anything. SPDX-License-Identifier: Apache-2.0
#pragma once

namespace strongroom::workroom {

/// No core file, nobody reads its memory, no new privileges; of the system's calls those alone that
/// look at processes, end them, remove files and speak over a socket: it starts no program and
/// traces nobody. False: this cannot be held.
[[nodiscard]] bool confine();

}  // namespace strongroom::workroom
