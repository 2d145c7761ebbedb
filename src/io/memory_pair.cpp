// SPDX-License-Identifier: Apache-2.0
#include "io/memory_pair.h"

#include <algorithm>
#include <cstring>

#include "base/secret.h"
#include "io/descriptor.h"

namespace strongroom::io {
namespace {

constexpr std::size_t kSmall = 4096;  ///< for a head or a message

}  // namespace

MemoryPair::MemoryPair(Descriptor& one, Descriptor& other) {
  ends_[0].descriptor = &one;
  ends_[1].descriptor = &other;
  for (const End& each : ends_) each.descriptor->open_joined();
}

MemoryPair::Look MemoryPair::look(Side side) const {
  const End& other = end(other_of(side));
  if (!other.written.is_empty()) return Look::Octets;
  if (other.has_finished) return Look::Ended;
  return other.has_left ? Look::Broken : Look::Nothing;
}

std::uint8_t MemoryPair::peek(Side side) const {
  return end(other_of(side)).written.front();
}

std::size_t MemoryPair::read(Side side, MutableBytes into) {
  End& other = end(other_of(side));
  const std::size_t taken = other.written.take(into);
  if (other.descriptor != nullptr && !other.descriptor->may_write())
    other.descriptor->tell(Descriptor::News::Writable);
  return taken;
}

std::size_t MemoryPair::write(Side side, std::span<const ByteView> parts) {
  End& mine = end(side);
  std::size_t taken = 0;
  for (const ByteView part : parts) {
    const std::size_t of_this = mine.written.push(part);
    taken += of_this;
    if (of_this < part.size()) break;
  }
  End& other = end(other_of(side));
  if (taken > 0 && other.descriptor != nullptr) other.descriptor->tell(Descriptor::News::Readable);
  return taken;
}

void MemoryPair::finish(Side side) {
  End& other = end(other_of(side));
  end(side).has_finished = true;
  if (other.descriptor != nullptr) other.descriptor->tell(Descriptor::News::Ended);
}

void MemoryPair::leave(Side side, std::optional<std::uint32_t> reason) noexcept {
  End& mine = end(side);
  if (mine.has_left) return;
  mine.has_left = true;
  mine.reason = reason;
  mine.descriptor = nullptr;
  End& other = end(other_of(side));
  other.written.clear();
  if (other.descriptor != nullptr) other.descriptor->tell(Descriptor::News::Gone);
}

std::size_t MemoryPair::Queue::push(ByteView from) {
  const std::size_t taken = std::min(from.size(), kRoom - size_);
  if (taken == 0) return 0;
  if (size_ + taken > capacity_) make_room(size_ + taken);
  const std::size_t at = (begin_ + size_) % capacity_;
  const std::size_t to_edge = std::min(taken, capacity_ - at);
  std::memcpy(octets_.get() + at, from.data(), to_edge);
  std::memcpy(octets_.get(), from.data() + to_edge, taken - to_edge);
  size_ += taken;
  return taken;
}

void MemoryPair::Queue::make_room(std::size_t wanted) {
  const std::size_t capacity = wanted <= kSmall ? kSmall : kRoom;
  auto larger = std::make_unique_for_overwrite<std::uint8_t[]>(capacity);
  const std::size_t size = size_;
  (void)take({larger.get(), size});
  octets_ = std::move(larger);
  capacity_ = capacity;
  begin_ = 0;
  size_ = size;
}

std::size_t MemoryPair::Queue::take(MutableBytes into) {
  const std::size_t taken = std::min(into.size(), size_);
  for (std::size_t done = 0; done < taken;) {
    const std::size_t run = std::min(taken - done, capacity_ - begin_);
    std::memcpy(into.data() + done, octets_.get() + begin_, run);
    wipe(octets_.get() + begin_, run);
    begin_ = (begin_ + run) % capacity_;
    done += run;
  }
  size_ -= taken;
  if (size_ == 0) clear();
  return taken;
}

void MemoryPair::Queue::clear() noexcept {
  if (size_ > 0) wipe(octets_.get(), capacity_);
  octets_.reset();
  capacity_ = begin_ = size_ = 0;
}

}  // namespace strongroom::io
