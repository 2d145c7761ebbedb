// Channel: frames over a Stream, one writer and one reader.
//
// Used by: HolderLink, VaultSide. Threads: the stream's loop. All frames sent in one turn of the
// loop leave in one write; both buffers are wiped after use because frames may hold keys. Anything
// the decoder refuses ends the channel. Order is kept: revocation rests on that (a lease granted
// before a fence arrives before it). SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>

#include "base/bytes.h"
#include "io/loop.h"
#include "io/stream.h"
#include "lease/messages.h"

namespace strongroom::lease {

class Channel : public std::enable_shared_from_this<Channel> {
 public:
  struct Handlers {
    std::function<void(Message&&)> on_message;
    /// Once, with a sentence why. The handlers are dropped after it.
    std::function<void(std::string why)> on_closed;
    /// Just before a write: a last chance to add frames (batches).
    std::function<void(Channel&)> before_write;
  };
  /// Frames waiting to be written; a peer that does not read for so long is given up.
  static constexpr std::size_t kMaxQueued = 64UL << 20U;

  /// Begins to read. The channel lives until it is closed.
  static std::shared_ptr<Channel> start(io::Stream stream, Handlers handlers);
  ~Channel();
  Channel(const Channel&) = delete;
  Channel& operator=(const Channel&) = delete;

  void send(const Message& message);
  /// Makes the writer run in this turn, so that before_write is called.
  void wake_writer();
  /// The same, but later while there is other work: each write wakes the other end.
  void wake_writer_when_calm();
  /// The outgoing buffer, for before_write only.
  [[nodiscard]] ByteVector& outgoing() noexcept { return outgoing_; }
  /// on_closed is called once, before this returns, if it was not already.
  void close(std::string why);
  [[nodiscard]] bool is_open() const noexcept { return is_open_; }
  /// Nothing waits to be written.
  [[nodiscard]] bool is_drained() const noexcept { return outgoing_.empty() && !is_writing_; }

 private:
  Channel(io::Stream stream, Handlers handlers);
  static io::Task<void> read(std::shared_ptr<Channel> self);
  static io::Task<void> write(std::shared_ptr<Channel> self);
  [[nodiscard]] Result<std::size_t> take_frames(MutableBytes filled);

  io::Stream stream_;
  Handlers handlers_;
  io::Event wake_;
  ByteVector outgoing_;
  ByteVector in_flight_;
  bool is_open_ = true;
  bool takes_nothing_ = false;  ///< the other end, any more: it is read to its end
  bool is_writing_ = false;
};

}  // namespace strongroom::lease
