// What a process gives up for good: system calls (seccomp) and files (Landlock).
//
// Used by: gateway, scan, issuer, sealer, and the vault (its calls alone). Threads: before any
// second one is started; those that come later inherit it. SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string>

#include "base/result.h"

namespace strongroom::io {

struct Sandbox {
  /// By name; all others answer EPERM. A name that this machine's kernel or library does not know
  /// is passed over. Of "socket", those of the network are meant: who reaches the vault's own
  /// Unix socket under our uid is the operator to it.
  std::span<const char* const> calls;
  /// The only files: folders and files that may be read, and all below them. What is not there is
  /// passed over. Held by Landlock where the kernel has it.
  std::span<const std::string> readable;
  /// Folders and devices that may be written to as well, and all below them.
  std::span<const std::string> writable = {};
  /// Unix sockets too, for what talks to a daemon of this machine.
  bool has_local_sockets = false;
};

/// What a program keeps that talks over the network, starts no other, writes no file and traces
/// nobody.
[[nodiscard]] std::span<const char* const> calls_of_network_programs();
[[nodiscard]] std::span<const std::string> files_of_network_programs();
/// What files are written by.
[[nodiscard]] std::span<const char* const> calls_of_writing_programs();

/// What of it holds.
struct SandboxState {
  bool files = false;  ///< Landlock
};

/// Irrevocable. An error when the calls cannot be limited.
[[nodiscard]] Result<SandboxState> enter(const Sandbox& sandbox);

/// The calls alone, for a program that starts others, which inherit it: of "socket" every family is
/// meant, of "clone" what makes no namespace; "clone3", whose flags no filter can see, does not
/// exist. Irrevocable.
[[nodiscard]] Status limit_calls_of_parent(std::span<const char* const> calls);

}  // namespace strongroom::io
