// How: each block is preceded by its size. Running out of memory ends the process, as everywhere.
// SPDX-License-Identifier: Apache-2.0
#include "http/http2/memory.h"

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <limits>

#include "base/check.h"

namespace strongroom::http {
namespace {

constexpr std::size_t kBefore = alignof(std::max_align_t);
static_assert(kBefore >= sizeof(std::size_t));

std::uint8_t* start_of(void* block) {
  return static_cast<std::uint8_t*>(block) - kBefore;
}

std::size_t size_of(void* block) {
  std::size_t size = 0;
  std::memcpy(&size, start_of(block), sizeof(size));
  return size;
}

}  // namespace

Http2Memory::Http2Memory() : face_{this, allocate, release, allocate_zeroed, reallocate} {}

void* Http2Memory::allocate(std::size_t size, void* self) {
  auto* const start = static_cast<std::uint8_t*>(std::malloc(size + kBefore));
  STRONGROOM_CHECK(start != nullptr, "memory has run out");
  std::memcpy(start, &size, sizeof(size));
  static_cast<Http2Memory*>(self)->in_use_ += size;
  return start + kBefore;
}

void* Http2Memory::allocate_zeroed(std::size_t count, std::size_t size, void* self) {
  STRONGROOM_CHECK(size == 0 || count <= std::numeric_limits<std::size_t>::max() / 2 / size,
                   "the library asks for sizes it can use");
  void* const block = allocate(count * size, self);
  std::memset(block, 0, count * size);
  return block;
}

void* Http2Memory::reallocate(void* block, std::size_t size, void* self) {
  void* const fresh = allocate(size, self);
  if (block != nullptr) {
    std::memcpy(fresh, block, std::min(size, size_of(block)));
    release(block, self);
  }
  return fresh;
}

void Http2Memory::release(void* block, void* self) {
  if (block == nullptr) return;
  const std::size_t size = size_of(block);
  static_cast<Http2Memory*>(self)->in_use_ -= size;
  explicit_bzero(block, size);
  std::free(start_of(block));
}

}  // namespace strongroom::http
