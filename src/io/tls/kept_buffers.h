// Which TLS connections keep OpenSSL's buffers (80 KiB each) between one record and the next: those
// that are busy, and a limited number of them. A busy one should not make them anew, thousands of
// silent ones must not hold them.
//
// Used by: io's own files; one for each loop. Threads: its loop's. SPDX-License-Identifier:
// Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/clock.h"

namespace strongroom::io {

/// A connection that may keep its buffers. Linked while it does.
class BufferHolder {
 public:
  BufferHolder() = default;
  BufferHolder(const BufferHolder&) = delete;
  BufferHolder& operator=(const BufferHolder&) = delete;
  [[nodiscard]] bool keeps_buffers() const noexcept { return previous_ != nullptr; }

 protected:
  ~BufferHolder() = default;

 private:
  friend class KeptBuffers;
  /// Others need them more, or nobody has for a while.
  virtual void let_buffers_go() noexcept = 0;
  BufferHolder* previous_ = nullptr;
  BufferHolder* next_ = nullptr;
  SteadyTime used_{};
};

class KeptBuffers {
 public:
  static constexpr std::size_t kMost = 512;
  static constexpr std::chrono::seconds kSilence{1};

  /// At each use. True when the holder has just become one that keeps them.
  [[nodiscard]] bool use(BufferHolder& holder, SteadyTime now) noexcept {
    holder.used_ = now;
    if (holder.keeps_buffers() || count_ >= kMost) return false;
    ++count_;
    holder.previous_ = &first_;
    holder.next_ = first_.next_;
    if (holder.next_ != nullptr) holder.next_->previous_ = &holder;
    first_.next_ = &holder;
    return true;
  }
  void forget(BufferHolder& holder) noexcept {
    if (!holder.keeps_buffers()) return;
    --count_;
    holder.previous_->next_ = holder.next_;
    if (holder.next_ != nullptr) holder.next_->previous_ = holder.previous_;
    holder.previous_ = holder.next_ = nullptr;
  }
  /// Takes them from those that were silent for kSilence.
  void sweep(SteadyTime now) noexcept {
    for (BufferHolder* each = first_.next_; each != nullptr;) {
      BufferHolder* const next = each->next_;
      if (now - each->used_ > kSilence) {
        forget(*each);
        each->let_buffers_go();
        ++let_go_;
      }
      each = next;
    }
  }
  [[nodiscard]] std::size_t count() const noexcept { return count_; }
  /// From how many sweep() has taken them so far.
  [[nodiscard]] std::uint64_t let_go() const noexcept { return let_go_; }

 private:
  struct Head final : BufferHolder {
    void let_buffers_go() noexcept override {}
  };
  Head head_;
  BufferHolder& first_ = head_;  ///< its links are the base's
  std::size_t count_ = 0;
  std::uint64_t let_go_ = 0;
};

}  // namespace strongroom::io
