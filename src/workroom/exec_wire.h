// What `strongroom-init exec` says to the runner over the workroom's exec socket. Both are of one
// build, so: native integers; but the workroom's own code speaks here, so the runner believes none
// of it.
//
// The client first: ExecHead (with its standard streams, as SCM_RIGHTS), then `size` octets: texts
// that end in NUL, in this order: working directory, services, the command and its arguments, its
// own variables as NAME=VALUE. Then single octets: a signal's number for the command. The runner
// answers one ExecAnswer and its message once the command and what it left behind have ended. A
// client that goes takes its command with it. SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>

namespace strongroom::workroom {

/// Tell the workroom where the socket is, and the program to call.
inline constexpr const char* kExecVariable = "STRONGROOM_EXEC";
inline constexpr const char* kInitVariable = "STRONGROOM_INIT";

/// Names, with blanks between, that such a command has from another key than the session's would
/// be.
inline constexpr const char* kOtherKeysVariable = "STRONGROOM_OTHER_KEYS";

inline constexpr std::uint32_t kExecVersion = 1;
/// Arguments and variables together: what a socket takes at once, so that the runner never waits
/// for a process of the workroom to read.
inline constexpr std::size_t kExecLimit = 128UL << 10U;
inline constexpr std::uint32_t kExecServices = 32;
inline constexpr std::size_t kExecMessage = 1024;

struct ExecHead {
  std::uint32_t version = kExecVersion;
  std::uint32_t size = 0;
  std::uint32_t services = 0;
  std::uint32_t arguments = 0;
  std::uint32_t variables = 0;
  std::uint32_t has_user = 0;  ///< 0: the session's rule, or the caller's own
  std::uint32_t user = 0;
};

struct ExecAnswer {
  std::uint32_t status = 0;  ///< the command's in the shell's manner, or an exit code of ours
  std::uint32_t size = 0;    ///< of the message that follows: why the command was not run
};

}  // namespace strongroom::workroom
