// SPDX-License-Identifier: Apache-2.0
#include "base/wiping.h"

#include <algorithm>
#include <cstring>
#include <new>
#include <vector>

#include "base/check.h"

namespace strongroom {
namespace {

/// Boost.JSON's memory, wiped on its way back.
class WipingResource final : public json::memory_resource {
 private:
  void* do_allocate(std::size_t size, std::size_t alignment) override {
    return ::operator new(size, std::align_val_t(alignment));
  }
  void do_deallocate(void* memory, std::size_t size, std::size_t alignment) override {
    wipe(memory, size);
    ::operator delete(memory, std::align_val_t(alignment));
  }
  [[nodiscard]] bool do_is_equal(const json::memory_resource& other) const noexcept override {
    return this == &other;
  }
};

/// The parser unescapes strings in a buffer on the stack; this overwrites where its frames were.
[[gnu::noinline]] void wipe_dead_stack() {
  char below[32U << 10U];
  wipe(below, sizeof(below));
}

}  // namespace

WipedBuffer& WipedBuffer::operator=(WipedBuffer&& other) noexcept {
  if (this == &other) return *this;
  reset();
  data_ = std::move(other.data_);
  size_ = std::exchange(other.size_, 0);
  capacity_ = std::exchange(other.capacity_, 0);
  return *this;
}

void WipedBuffer::reserve(std::size_t capacity) {
  if (capacity <= capacity_) return;
  capacity = std::max(capacity, capacity_ * 2);
  auto larger = std::make_unique<std::uint8_t[]>(capacity);
  if (size_ > 0) std::memcpy(larger.get(), data_.get(), size_);
  if (data_) wipe(data_.get(), capacity_);
  data_ = std::move(larger);
  capacity_ = capacity;
}

void WipedBuffer::append(ByteView bytes) {
  if (bytes.empty()) return;
  reserve(size_ + bytes.size());
  std::memcpy(data_.get() + size_, bytes.data(), bytes.size());
  size_ += bytes.size();
}

MutableBytes WipedBuffer::spare(std::size_t size) {
  reserve(size_ + size);
  return {data_.get() + size_, size};
}

void WipedBuffer::grow(std::size_t size) noexcept {
  STRONGROOM_CHECK(size <= capacity_ - size_, "only octets of spare() are added");
  size_ += size;
}

void WipedBuffer::drop_front(std::size_t size) noexcept {
  STRONGROOM_CHECK(size <= size_, "only content is dropped");
  if (size == 0) return;
  std::memmove(data_.get(), data_.get() + size, size_ - size);
  wipe(data_.get() + (size_ - size), size);
  size_ -= size;
}

void WipedBuffer::clear() noexcept {
  if (size_ > 0) wipe(data_.get(), size_);
  size_ = 0;
}

void WipedBuffer::reset() noexcept {
  if (data_) wipe(data_.get(), capacity_);
  data_.reset();
  size_ = 0;
  capacity_ = 0;
}

Result<json::value> parse_json_wiping(std::string_view text) {
  const json::storage_ptr storage = json::make_shared_resource<WipingResource>();
  Result<json::value> answer = fail(Code::Invalid, "the body is not one JSON document");
  {
    json::error_code error;
    json::parser parser(storage, json::parse_options{.max_depth = 32});
    parser.reset(storage);
    parser.write(text.data(), text.size(), error);
    if (!error) answer = parser.release();
  }
  wipe_dead_stack();
  return answer;
}

Result<Secret> secret_member(const json::object& object, std::string_view name) {
  const auto* value = object.if_contains(name);
  if (value == nullptr || !value->is_string())
    return fail(Code::Invalid, "'" + std::string(name) + "' is missing or not text");
  const json::string& text = value->get_string();
  if (text.empty()) return fail(Code::Invalid, "'" + std::string(name) + "' is empty");
  if (text.size() > Secret::kMaxSize)
    return fail(Code::TooLarge, "'" + std::string(name) + "' is over " +
                                    std::to_string(Secret::kMaxSize) + " octets");
  return Secret(bytes_of(std::string_view(text)));
}

}  // namespace strongroom
