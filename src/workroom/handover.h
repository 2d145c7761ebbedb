// Hands a command and its variables to strongroom-init over the socket pair (wire.h). Used by:
// Workroom. SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/result.h"
#include "workroom/workroom.h"

namespace strongroom::workroom {

/// What can be said before anything is started: empty command, NUL or '=' where none may be, more
/// than Linux takes.
[[nodiscard]] Status check_spec(const WorkroomSpec& spec);
/// Do the command's standard streams go with the order, or has init got them already?
enum class StreamsGo : bool { Before, WithOrder };
/// Writes the order. A descriptor that does not block takes it at once, or this is Unavailable. A
/// value goes from its locked memory to the socket.
[[nodiscard]] Status give_order(int fd, const WorkroomSpec& spec, StreamsGo streams);
/// Init's answer, as a sentence.
[[nodiscard]] Status meaning_of(const WireAnswer& answer, const WorkroomSpec& spec);
/// Writes the order and waits for init's answer; `fd` blocks at most some seconds.
[[nodiscard]] Status hand_over(int fd, const WorkroomSpec& spec,
                               StreamsGo streams = StreamsGo::Before);

}  // namespace strongroom::workroom
