// Memory that begins in the middle of a page.
//
// Some processors (an AMD EPYC was seen to) copy seven times slower where source and destination
// begin at like places of their pages, and what the C library's heap gives for large buffers,
// OpenSSL's among them, begins near a page's start.
//
// Used by: gateway (bodies on their way). Threads: any. SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <new>

namespace strongroom {

/// Octets, not initialized by `new`.
template <std::size_t kSize>
struct MidPageBlock : std::array<std::uint8_t, kSize> {
  static constexpr std::size_t kPage = 4096;

  static void* operator new(std::size_t size) {
    void* const page = ::operator new(size + kPage / 2, std::align_val_t(kPage));
    return static_cast<std::uint8_t*>(page) + kPage / 2;
  }
  static void operator delete(void* block) noexcept {
    ::operator delete(static_cast<std::uint8_t*>(block) - kPage / 2, std::align_val_t(kPage));
  }
};

}  // namespace strongroom
