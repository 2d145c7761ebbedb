// Guard: what comes back from a provider goes through it, and the key in use does not; what goes to
// a provider goes through another, and the session's passes do not. A hit is masked with stars of
// the same length. An octet is held back only while it may be part of a hit.
//
// Used by: the gateway, one for each direction of one exchange. Threads: its loop's. In the steady
// state it copies nothing and allocates nothing. SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "guard/patterns.h"

namespace strongroom::guard {

class Guard {
 public:
  /// Null patterns: everything passes.
  explicit Guard(std::shared_ptr<const Patterns> patterns = nullptr)
      : patterns_(std::move(patterns)) {}
  Guard(Guard&&) noexcept = default;
  Guard& operator=(Guard&&) noexcept = default;
  ~Guard();

  /// Masks in place; the answer is what may go on now: a view into `data` or into this, good until
  /// the next call.
  [[nodiscard]] ByteView feed(MutableBytes data);
  /// The same for the last piece (which may be empty): nothing is held back.
  [[nodiscard]] ByteView feed_last(MutableBytes data);
  /// Of one whole piece, in place; the number of hits.
  std::size_t mask_whole(MutableBytes data);

  /// Those that another guard of the same answer found.
  void note_hits(std::size_t more) noexcept { hits_ += more; }
  [[nodiscard]] std::size_t hits() const noexcept { return hits_; }
  [[nodiscard]] bool is_holding() const noexcept { return !held_.empty(); }

 private:
  /// What was held back and `data`, in one piece.
  [[nodiscard]] MutableBytes join(MutableBytes data);
  /// Masks whole forms; the place from which on the data may be part of one that is not whole yet.
  [[nodiscard]] std::size_t mask(MutableBytes data);
  std::shared_ptr<const Patterns> patterns_;
  ByteVector held_;
  ByteVector joined_;
  std::size_t hits_ = 0;
};

}  // namespace strongroom::guard
