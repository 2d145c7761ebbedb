// Guard: what comes back from a provider goes through it, and the key in use does not; what goes to
// a provider goes through another, and the session's passes do not. A hit is masked with stars of
// the same length. An octet is held back only while it may be part of a hit; where somebody may
// wait for it (the end of a message), only while it is part of what begins like one.
//
// Used by: the gateway, one for each direction of one exchange. Threads: its loop's. In the steady
// state it copies nothing and allocates nothing. SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "guard/patterns.h"

namespace strongroom::guard {

/// What ends with a piece.
enum class Ends : std::uint8_t {
  Nothing,
  /// A message that may be answered before more comes, if its type is true; nothing vouches for
  /// that, so a form that goes on behind it is still found.
  Message,
  All
};
[[nodiscard]] constexpr Ends ends_of_piece(bool is_last) {
  return is_last ? Ends::All : Ends::Nothing;
}

class Guard {
 public:
  /// So many octets of what may be a form go on at the end of a message. Messages end so by chance
  /// (fewer octets mean little: Starts::kOctets); with one more, whoever waits waits on.
  static constexpr std::size_t kLetGo = 3;

  /// Null patterns: everything passes.
  explicit Guard(std::shared_ptr<const Patterns> patterns = nullptr)
      : patterns_(std::move(patterns)) {}
  Guard(Guard&&) noexcept = default;
  Guard& operator=(Guard&&) noexcept = default;
  ~Guard();

  /// Masks in place; the answer is what may go on now: a view into `data` or into this, good until
  /// the next call. Of the last piece, which may be empty, nothing is held back.
  [[nodiscard]] ByteView feed(MutableBytes data, Ends ends = Ends::Nothing);
  /// Of one whole piece, in place; the number of hits.
  std::size_t mask_whole(MutableBytes data);

  /// Those that another guard of the same answer found.
  void note_hits(std::size_t more) noexcept { hits_ += more; }
  [[nodiscard]] std::size_t hits() const noexcept { return hits_; }
  [[nodiscard]] bool is_holding() const noexcept { return held_.size() > gone_; }

 private:
  /// What was held back and `data`, in one piece.
  [[nodiscard]] MutableBytes join(MutableBytes data);
  /// Masks whole forms; the place from which on the data may be part of one that is not whole yet.
  [[nodiscard]] std::size_t mask(MutableBytes data);
  std::shared_ptr<const Patterns> patterns_;
  ByteVector held_;       ///< what may be the beginning of a form
  std::size_t gone_ = 0;  ///< of that, what has gone on already: at most kLetGo octets
  ByteVector joined_;
  std::size_t hits_ = 0;
};

}  // namespace strongroom::guard
