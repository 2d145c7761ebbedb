// The memory of one nghttp2 session: counted, and wiped whenever it is freed or moved, because
// heads with keys pass through it. Inside the room only. SPDX-License-Identifier: Apache-2.0
#pragma once

#include <nghttp2/nghttp2.h>

#include <cstddef>

namespace strongroom::http {

class Http2Memory {
 public:
  Http2Memory();
  Http2Memory(const Http2Memory&) = delete;
  Http2Memory& operator=(const Http2Memory&) = delete;
  /// For the library's constructors; they copy it. This must outlive what they make.
  [[nodiscard]] nghttp2_mem* face() { return &face_; }
  /// Octets held now, without the allocator's own.
  [[nodiscard]] std::size_t in_use() const { return in_use_; }

 private:
  static void* allocate(std::size_t size, void* self);
  static void* allocate_zeroed(std::size_t count, std::size_t size, void* self);
  static void* reallocate(void* block, std::size_t size, void* self);
  static void release(void* block, void* self);
  nghttp2_mem face_;
  std::size_t in_use_ = 0;
};

}  // namespace strongroom::http
