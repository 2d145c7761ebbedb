// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace strongroom::app {
/// Parses and runs; answers the exit code of design.md section 7.
int run_command_line(int argc, char** argv);
}  // namespace strongroom::app
