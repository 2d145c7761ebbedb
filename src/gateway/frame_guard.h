// FrameGuard: the guard over websocket frames from a provider (RFC 6455, no extensions). A form may
// lie across reads, frames and fragments of one message; it is masked within their payloads, and
// the frames stay as they are. SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <vector>

#include "gateway/guard.h"
#include "http/websocket.h"

namespace strongroom::gateway {

class FrameGuard {
 public:
  explicit FrameGuard(std::shared_ptr<const Patterns> patterns)
      : patterns_(std::move(patterns)), follower_(http::FrameSender::Server, 0) {}
  ~FrameGuard();
  FrameGuard(const FrameGuard&) = delete;
  FrameGuard& operator=(const FrameGuard&) = delete;

  /// Masks in place; the answer is what may go on now, good until the next call. Nothing: a frame
  /// is malformed, or more than 256 KiB of small fragments would have to be held back; the
  /// connection must end.
  [[nodiscard]] std::optional<ByteView> feed(MutableBytes data);
  [[nodiscard]] std::size_t hits() const noexcept { return hits_; }

 private:
  /// Payload of the present message that has not gone on, by its place in what is held and fed.
  struct Run {
    std::size_t begin = 0;
    std::size_t size = 0;
  };
  [[nodiscard]] std::size_t search(MutableBytes whole, bool is_message_over);
  [[nodiscard]] std::size_t place_of(std::size_t at) const;

  std::shared_ptr<const Patterns> patterns_;
  http::FrameFollower follower_;
  std::vector<Run> runs_;
  ByteVector held_;
  ByteVector joined_;
  ByteVector gathered_;
  std::size_t hits_ = 0;
};

}  // namespace strongroom::gateway
