// SPDX-License-Identifier: Apache-2.0
#include "lease/channel.h"

#include <algorithm>

#include "base/encoding.h"

namespace strongroom::lease {
namespace {

constexpr std::size_t kReadBuffer = 64UL << 10U;
constexpr std::size_t kLengthSize = 4;
/// In which what the other end said before it left is read.
constexpr std::chrono::seconds kLastWords{1};

}  // namespace

Channel::Channel(io::Stream stream, Handlers handlers)
    : stream_(std::move(stream)), handlers_(std::move(handlers)), wake_(stream_.loop()) {}

Channel::~Channel() {
  wipe_and_clear(outgoing_);
  wipe_and_clear(in_flight_);
}

std::shared_ptr<Channel> Channel::start(io::Stream stream, Handlers handlers) {
  const std::shared_ptr<Channel> channel(new Channel(std::move(stream), std::move(handlers)));
  io::Loop& loop = channel->stream_.loop();
  loop.spawn(read(channel));
  loop.spawn(write(channel));
  return channel;
}

void Channel::send(const Message& message) {
  if (!is_open_ || takes_nothing_) return;
  encode(message, outgoing_);
  if (outgoing_.size() > kMaxQueued)
    return close("The other end of the lease channel does not read.");
  wake_.set();
}

void Channel::wake_writer() {
  wake_.set();
}

void Channel::wake_writer_when_calm() {
  stream_.loop().set_when_calm(wake_);
}

void Channel::close(std::string why) {
  if (!is_open_) return;
  is_open_ = false;
  stream_.abort();
  wake_.set();
  wipe_and_clear(outgoing_);
  const auto handlers = std::exchange(handlers_, {});
  if (handlers.on_closed) handlers.on_closed(std::move(why));
}

io::Task<void> Channel::write(std::shared_ptr<Channel> self) {
  while (self->is_open_) {
    co_await self->wake_.wait();
    if (!self->is_open_) break;
    const auto before_write = self->handlers_.before_write;
    if (before_write) before_write(*self);
    if (!self->is_open_ || self->outgoing_.empty()) continue;
    self->in_flight_.swap(self->outgoing_);
    self->is_writing_ = true;
    const Status written = co_await self->stream_.write_all(self->in_flight_);
    self->is_writing_ = false;
    wipe_and_clear(self->in_flight_);
    if (!written) {
      // It may have said why it leaves, and of which processes, before what it was told.
      self->takes_nothing_ = true;
      wipe_and_clear(self->outgoing_);
      co_await self->stream_.loop().sleep(kLastWords);
      self->close(written.error().message);
    }
  }
}

io::Task<void> Channel::read(std::shared_ptr<Channel> self) {
  ByteVector buffer(kReadBuffer);
  std::size_t filled = 0;
  while (self->is_open_) {
    const MutableBytes room(buffer.data() + filled, buffer.size() - filled);
    const Result<std::size_t> got = co_await self->stream_.read_some(room);
    if (!self->is_open_) break;
    if (!got || *got == 0) {
      self->close(got ? "The other end closed the lease channel." : got.error().message);
      break;
    }
    filled += *got;
    const Result<std::size_t> used = self->take_frames(MutableBytes(buffer).first(filled));
    if (!self->is_open_) break;
    if (!used) {
      self->close(used.error().message);
      break;
    }
    // What is left moves to the front; no octet of a finished frame stays behind.
    const std::size_t left = filled - *used;
    std::copy(buffer.begin() + static_cast<std::ptrdiff_t>(*used),
              buffer.begin() + static_cast<std::ptrdiff_t>(filled), buffer.begin());
    wipe(buffer.data() + left, filled - left);
    filled = left;
    if (filled == buffer.size()) {  // one frame larger than the buffer; its length was checked
      reserve_wiping(buffer, kMaxFrame + kLengthSize - buffer.size());
      buffer.resize(kMaxFrame + kLengthSize);
    }
  }
  wipe(buffer.data(), buffer.size());
}

/// Hands on all whole frames; answers how many octets they were.
Result<std::size_t> Channel::take_frames(MutableBytes filled) {
  std::size_t used = 0;
  while (is_open_ && filled.size() - used >= kLengthSize) {
    const std::size_t length = Reader(filled.subspan(used)).u32();
    if (length == 0 || length > kMaxFrame)
      return fail(Code::Protocol, "A frame of the lease channel has a wrong size.");
    if (filled.size() - used - kLengthSize < length) break;
    auto message = decode(filled.subspan(used + kLengthSize, length));
    used += kLengthSize + length;
    if (!message) return std::unexpected(std::move(message).error());
    const auto on_message = handlers_.on_message;
    if (on_message) on_message(std::move(*message));
  }
  return used;
}

}  // namespace strongroom::lease
