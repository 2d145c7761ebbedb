// Memory that goes from one connection to the next: so the steady state allocates nothing, and what
// waits holds nothing.
//
// Used by: Gateway, for its connections. Threads: its loop's. SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <memory>
#include <vector>

#include "base/bytes.h"

namespace strongroom::gateway {

/// What a burst took and nobody has needed since goes back to the heap with trim().
template <class T>
class FreeList {
 public:
  /// Null: make a new one.
  [[nodiscard]] T take_or_null() {
    if (free_.empty()) return T();
    T item = std::move(free_.back());
    free_.pop_back();
    fewest_ = std::min(fewest_, free_.size());
    return item;
  }
  void give(T item) {
    if (free_.size() < kMost) free_.push_back(std::move(item));
  }
  /// Frees as many as nobody asked for since the last call, but for a few. True when it did.
  bool trim() {
    const std::size_t kept = std::max(free_.size() - std::min(fewest_, free_.size()), kFew);
    const bool has_more = free_.size() > kept;
    if (has_more) free_.resize(kept);
    fewest_ = free_.size();
    return has_more;
  }

 private:
  static constexpr std::size_t kMost = 256;
  static constexpr std::size_t kFew = 8;
  std::vector<T> free_;
  std::size_t fewest_ = 0;  ///< that lay here since the last trim
};

template <class T>
class FreeObjects {
 public:
  [[nodiscard]] std::unique_ptr<T> take() {
    auto item = list_.take_or_null();
    return item != nullptr ? std::move(item) : std::unique_ptr<T>(new T);
  }
  void give(std::unique_ptr<T> item) {
    if (item != nullptr) list_.give(std::move(item));
  }
  bool trim() { return list_.trim(); }

 private:
  FreeList<std::unique_ptr<T>> list_;
};

/// Where a connection's requests arrive; with it only while there is something of one.
inline constexpr std::size_t kInputBlock = 8UL << 10U;
class FreeInputs {
 public:
  [[nodiscard]] ByteVector take() {
    auto block = list_.take_or_null();
    return block.empty() ? ByteVector(kInputBlock) : std::move(block);
  }
  /// A longer one, made for a long head, goes back to the heap.
  void give(ByteVector block) {
    if (block.size() == kInputBlock) list_.give(std::move(block));
  }
  bool trim() { return list_.trim(); }

 private:
  FreeList<ByteVector> list_;
};

}  // namespace strongroom::gateway
