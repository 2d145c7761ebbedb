// STRONGROOM_CHECK: an assertion that is always compiled in and ends the process; for bugs, never
// for input. SPDX-License-Identifier: Apache-2.0
#pragma once

namespace strongroom {
/// Prints where and why on stderr, without any value, and aborts. The parent process starts a new
/// one.
[[noreturn]] void check_failed(const char* condition, const char* why, const char* file,
                               int line) noexcept;
}  // namespace strongroom

#define STRONGROOM_CHECK(condition, why)  \
  (static_cast<bool>(condition) ? void(0) \
                                : ::strongroom::check_failed(#condition, why, __FILE__, __LINE__))
