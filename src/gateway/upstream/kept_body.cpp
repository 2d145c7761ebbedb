// SPDX-License-Identifier: Apache-2.0
#include "gateway/upstream/kept_body.h"

#include <algorithm>
#include <utility>

#include "base/secret.h"

namespace strongroom::gateway {

KeptBody::KeptBody(KeptBody&& other) noexcept {
  *this = std::move(other);
}

KeptBody& KeptBody::operator=(KeptBody&& other) noexcept {
  if (this == &other) return *this;
  forget();
  budget_ = std::exchange(other.budget_, nullptr);
  memory_ = std::move(other.memory_);
  capacity_ = std::exchange(other.capacity_, 0);
  size_ = std::exchange(other.size_, 0);
  has_ended_ = std::exchange(other.has_ended_, false);
  return *this;
}

void KeptBody::begin(KeptBudget& budget) noexcept {
  forget();
  budget_ = &budget;
}

void KeptBody::add(ByteView octets) {
  if (budget_ == nullptr || octets.empty()) return;
  if (octets.size() > kMost - size_ || !make_room(size_ + octets.size())) return forget();
  std::ranges::copy(octets, memory_.get() + size_);
  size_ += octets.size();
}

/// Grows by doubling; what is copied is wiped where it was.
bool KeptBody::make_room(std::size_t size) {
  if (size <= capacity_) return true;
  const std::size_t capacity = std::max(size, std::min(2 * capacity_, kMost));
  if (capacity > budget_->left_) return false;
  budget_->left_ -= capacity;
  auto memory = std::make_unique_for_overwrite<std::uint8_t[]>(capacity);
  std::ranges::copy(octets(), memory.get());
  give_memory_back();
  memory_ = std::move(memory);
  capacity_ = capacity;
  return true;
}

void KeptBody::give_memory_back() noexcept {
  if (memory_ == nullptr) return;
  wipe(memory_.get(), size_);
  memory_.reset();
  budget_->left_ += std::exchange(capacity_, 0);
}

void KeptBody::forget() noexcept {
  give_memory_back();
  budget_ = nullptr;
  size_ = 0;
  has_ended_ = false;
}

}  // namespace strongroom::gateway
