// One HTTP/2 stream as the session remembers it, and the queue of octets it holds each way. Inside
// the room only. SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "base/bytes.h"

namespace strongroom::http {

/// Octets first in, first out, in blocks that never move: what front() lends stays where it is
/// until it is dropped, whatever is added meanwhile. Empty, it holds no memory.
class OctetQueue {
 public:
  OctetQueue() noexcept;
  OctetQueue(const OctetQueue&) = delete;
  OctetQueue& operator=(const OctetQueue&) = delete;
  ~OctetQueue();

  void push(ByteView octets);
  /// The longest run at the front; empty when there is nothing.
  [[nodiscard]] ByteView front() const;
  /// Takes octets away; `size` is at most size().
  void drop(std::size_t size);
  /// Moves at most room.size() octets out; answers how many.
  std::size_t take(MutableBytes room);
  void clear();
  [[nodiscard]] std::size_t size() const { return size_; }
  [[nodiscard]] bool is_empty() const { return size_ == 0; }

 private:
  struct Block;
  std::unique_ptr<Block> first_;
  Block* last_ = nullptr;
  std::size_t size_ = 0;
};

/// How long our body is, where its head says so.
struct Http2BodyLength {
  bool is_known = false;
  std::uint64_t octets = 0;
};

struct Http2Stream {
  std::int32_t id = 0;
  OctetQueue received;  ///< not yet consumed by the caller
  OctetQueue to_send;
  std::string trailers;  ///< to send after to_send, "name: value" lines
  std::size_t head_size = 0;
  Http2BodyLength length;
  std::uint64_t accepted = 0;  ///< of our body
  std::uint32_t informational = 0;
  bool is_head_request : 1 = false;
  bool has_peer_head : 1 = false;  ///< a request's, or a final answer's
  bool has_peer_ended : 1 = false;
  bool has_our_head : 1 = false;  ///< submitted: a request's, or a final answer's
  bool has_left : 1 = false;      ///< of our head, a request's or an answer's, something was sent
  bool has_our_end : 1 = false;   ///< nothing more may be queued
  bool has_answered : 1 = false;  ///< a server's whole answer was sent
  bool has_trailers : 1 = false;
  bool is_deferred : 1 = false;      ///< the library waits for octets
  bool wants_writable : 1 = false;   ///< send_data took less than it was given
  bool was_reset_by_us : 1 = false;  ///< at the caller's wish
  bool is_closed : 1 = false;        ///< and Closed was reported
  bool is_released : 1 = false;
};

}  // namespace strongroom::http
