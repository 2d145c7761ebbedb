// The teller: a process of the supervisor's that starts `strongroom` to tell a vault which is
// reached over TLS. It is begun before the supervisor gives up starting programs, hears one octet
// from it and nothing else, and ends with it. SPDX-License-Identifier: Apache-2.0
#pragma once

#include <initializer_list>
#include <string>

namespace strongroom::workroom {

/// The command by which it is started: `strongroom report-end FOLDER`; exit code 0: told.
inline constexpr const char* kReportCommand = "report-end";

/// Of the caller's descriptors, `not_its` are closed in it. False: it cannot be begun.
[[nodiscard]] bool begin_teller(const std::string& folder, std::initializer_list<int> not_its);
/// To tell what write_report() has written. True: the vault has it, or will never want it.
[[nodiscard]] bool ask_teller();

}  // namespace strongroom::workroom
