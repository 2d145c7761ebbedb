// Reading and writing all of something on a descriptor that may or may not wait by itself.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/bytes.h"
#include "base/result.h"

namespace strongroom::scan {

inline constexpr int kForever = -1;

/// As read(2), but waits; -1 with ETIMEDOUT when nothing came within so many milliseconds.
[[nodiscard]] long read_waiting(int fd, MutableBytes into, int within_ms = kForever);
/// Unavailable when the other end has gone or takes nothing.
[[nodiscard]] Status write_waiting(int fd, ByteView from, int within_ms = kForever);

template <class T>
[[nodiscard]] ByteView octets_of(const T& of) {
  return {reinterpret_cast<const std::uint8_t*>(&of), sizeof(of)};
}

}  // namespace strongroom::scan
