// FrameGuard: the guard over websocket frames of one direction (RFC 6455, no extensions). What is
// looked for may lie across reads, frames and fragments of one message, or in a control frame's
// payload; it is masked where it lies, and the frames stay as they are.
//
// Used by: Connection, one for each direction of a websocket. Threads: its loop's. The start of a
// frame whose head is not whole yet is held back, so that a close frame can always follow what has
// gone on. SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <vector>

#include "guard/guard.h"
#include "http/websocket.h"

namespace strongroom::gateway {

class FrameGuard {
 public:
  /// Null patterns: nothing is looked for, and frames must be right all the same.
  FrameGuard(http::FrameSender sender, std::shared_ptr<const guard::Patterns> patterns)
      : patterns_(std::move(patterns)), follower_(sender, 0) {}
  ~FrameGuard();
  FrameGuard(const FrameGuard&) = delete;
  FrameGuard& operator=(const FrameGuard&) = delete;

  struct Fed {
    ByteView free;                 ///< may go on now, good until the next call
    std::uint16_t close_code = 0;  ///< not 0: after that the connection must end, and why
  };
  /// Masks in place. 1002 for a malformed frame; 1009 where more than 32 KiB of small fragments
  /// would have to be held back.
  [[nodiscard]] Fed feed(MutableBytes data);
  [[nodiscard]] std::size_t hits() const noexcept { return hits_; }
  /// Only whole frames have gone on so far: one more may follow.
  [[nodiscard]] bool is_between_frames() const noexcept { return is_between_frames_; }

 private:
  /// Payload that has not gone on, by its place in what is held and fed.
  struct Run {
    std::size_t begin = 0;
    std::size_t size = 0;
    std::array<std::uint8_t, 4> mask{};
    std::uint64_t offset = 0;  ///< of its first octet within the frame, for the mask
  };
  using Runs = std::vector<Run>;
  [[nodiscard]] std::size_t search(MutableBytes whole, const Runs& runs, bool is_over);
  [[nodiscard]] std::size_t follow(MutableBytes whole, std::size_t at, std::uint16_t& close_code);
  [[nodiscard]] Fed keep(MutableBytes whole, std::size_t stays);
  [[nodiscard]] static std::size_t place_of(const Runs& runs, std::size_t at);
  static void move_to_front(Runs& runs, std::size_t stays);

  std::shared_ptr<const guard::Patterns> patterns_;
  http::FrameFollower follower_;
  Runs message_;  ///< of the message that is not over yet
  Runs control_;  ///< of the control frame that is not whole yet
  ByteVector held_;
  ByteVector joined_;
  ByteVector gathered_;
  std::size_t hits_ = 0;
  bool is_between_frames_ = true;
};

}  // namespace strongroom::gateway
