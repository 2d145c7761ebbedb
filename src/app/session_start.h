// What starts a session, for the commands that do. SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

#include "app/commands.h"
#include "base/json.h"
#include "base/result.h"

namespace strongroom::app {

/// The body of POST /api/v1/sessions.
[[nodiscard]] Result<json::object> session_body(const RunOptions& options,
                                                std::string_view runtime);
/// What a start is answered with: for people lines that a shell can read, NAME=VALUE. Answers the
/// exit code.
[[nodiscard]] int print_started(Format format, const json::value& started);

}  // namespace strongroom::app
