// Memory for text that may hold a key on its way in: wiped whenever it is freed or moved. Not
// locked: it lives for one request.
//
// Used by: http (request bodies), api (parsing them), app. Threads: values.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <memory>
#include <string_view>
#include <utility>

#include "base/bytes.h"
#include "base/json.h"
#include "base/result.h"
#include "base/secret.h"

namespace strongroom {

/// A growing buffer that wipes what it leaves behind.
class WipedBuffer {
 public:
  WipedBuffer() noexcept = default;
  WipedBuffer(WipedBuffer&& other) noexcept
      : data_(std::move(other.data_)),
        size_(std::exchange(other.size_, 0)),
        capacity_(std::exchange(other.capacity_, 0)) {}
  WipedBuffer& operator=(WipedBuffer&& other) noexcept;
  ~WipedBuffer() { reset(); }

  void append(ByteView bytes);
  /// Room for `size` more octets after the content; say with grow() how many were used.
  [[nodiscard]] MutableBytes spare(std::size_t size);
  void grow(std::size_t size) noexcept;
  /// Drops octets from the front; what is left moves there.
  void drop_front(std::size_t size) noexcept;
  /// Empties and wipes; keeps the memory.
  void clear() noexcept;
  /// Empties, wipes and frees.
  void reset() noexcept;
  [[nodiscard]] std::size_t size() const noexcept { return size_; }
  [[nodiscard]] bool is_empty() const noexcept { return size_ == 0; }
  [[nodiscard]] ByteView view() const noexcept { return {data_.get(), size_}; }
  [[nodiscard]] std::string_view text() const noexcept { return text_of(view()); }

 private:
  void reserve(std::size_t capacity);
  std::unique_ptr<std::uint8_t[]> data_;
  std::size_t size_ = 0;
  std::size_t capacity_ = 0;
};

/// parse_json for documents that may hold a key: the value's memory and the parser's are wiped when
/// freed. Whoever copies out of it copies into a Secret (secret_member).
[[nodiscard]] Result<json::value> parse_json_wiping(std::string_view text);

/// The text member `name` as a Secret. Invalid when missing, not text or empty; TooLarge over
/// Secret::kMaxSize.
[[nodiscard]] Result<Secret> secret_member(const json::object& object, std::string_view name);

}  // namespace strongroom
