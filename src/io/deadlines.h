// The registry of what has a deadline: an intrusive list, swept every 50 ms. One timer serves all
// connections of a loop. SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/clock.h"

namespace strongroom::io {

/// A thing that ends itself when its time has passed. Linked while it has a deadline.
class Timed {
 public:
  struct Head;
  Timed() = default;
  Timed(const Timed&) = delete;
  Timed& operator=(const Timed&) = delete;
  virtual ~Timed() { unlink(); }
  virtual void on_deadline() noexcept = 0;

  void unlink() noexcept {
    if (previous_ != nullptr) previous_->next_ = next_;
    if (next_ != nullptr) next_->previous_ = previous_;
    previous_ = next_ = nullptr;
  }
  void link_after(Timed& head) noexcept {
    unlink();
    previous_ = &head;
    next_ = head.next_;
    if (next_ != nullptr) next_->previous_ = this;
    head.next_ = this;
  }
  [[nodiscard]] bool is_linked() const noexcept { return previous_ != nullptr; }
  [[nodiscard]] Timed* next() const noexcept { return next_; }

  Deadline deadline;

 private:
  Timed* previous_ = nullptr;
  Timed* next_ = nullptr;
};

/// Where a loop's list begins.
struct Timed::Head final : Timed {
  void on_deadline() noexcept override {}
};

}  // namespace strongroom::io
