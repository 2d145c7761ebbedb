// SPDX-License-Identifier: Apache-2.0
#include "http/http2/stream.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "base/check.h"

namespace strongroom::http {
namespace {

constexpr std::size_t kSmallBlock = 512;
constexpr std::size_t kLargeBlock = 16_KiB;

}  // namespace

struct OctetQueue::Block {
  explicit Block(std::size_t room)
      : octets(std::make_unique_for_overwrite<std::uint8_t[]>(room)), capacity(room) {}
  std::unique_ptr<std::uint8_t[]> octets;
  std::size_t capacity;
  std::size_t begin = 0;
  std::size_t end = 0;
  std::unique_ptr<Block> next;
};

OctetQueue::OctetQueue() noexcept = default;
OctetQueue::~OctetQueue() {
  clear();
}

void OctetQueue::push(ByteView octets) {
  while (!octets.empty()) {
    if (last_ == nullptr || last_->end == last_->capacity) {
      auto block = std::make_unique<Block>(std::clamp(octets.size(), kSmallBlock, kLargeBlock));
      Block* const fresh = block.get();
      (last_ == nullptr ? first_ : last_->next) = std::move(block);
      last_ = fresh;
    }
    const std::size_t part = std::min(octets.size(), last_->capacity - last_->end);
    std::memcpy(last_->octets.get() + last_->end, octets.data(), part);
    last_->end += part;
    size_ += part;
    octets = octets.subspan(part);
  }
}

ByteView OctetQueue::front() const {
  if (first_ == nullptr) return {};
  return {first_->octets.get() + first_->begin, first_->end - first_->begin};
}

void OctetQueue::drop(std::size_t size) {
  STRONGROOM_CHECK(size <= size_, "no more is dropped than there is");
  size_ -= size;
  while (size > 0 || (first_ != nullptr && first_->begin == first_->end)) {
    const std::size_t part = std::min(size, first_->end - first_->begin);
    first_->begin += part;
    size -= part;
    if (first_->begin < first_->end) return;
    first_ = std::move(first_->next);
    if (first_ == nullptr) last_ = nullptr;
  }
}

std::size_t OctetQueue::take(MutableBytes room) {
  std::size_t taken = 0;
  while (taken < room.size() && size_ > 0) {
    const ByteView run = front();
    const std::size_t part = std::min(run.size(), room.size() - taken);
    std::memcpy(room.data() + taken, run.data(), part);
    taken += part;
    drop(part);
  }
  return taken;
}

/// Block by block: a chain destroyed by its own destructors would recurse.
void OctetQueue::clear() {
  while (first_ != nullptr) first_ = std::move(first_->next);
  last_ = nullptr;
  size_ = 0;
}

}  // namespace strongroom::http
