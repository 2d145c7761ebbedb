// SPDX-License-Identifier: Apache-2.0
#include "io/stream_joined.h"

#include <cerrno>

namespace strongroom::io {

using Outcome = Attempt::Outcome;

JoinedStreams Stream::join(Loop& loop) {
  JoinedStreams joined{Stream(std::make_unique<State>(loop)),
                       Stream(std::make_unique<State>(loop))};
  State& one = *joined.one.state_;
  State& other = *joined.other.state_;
  one.pair = other.pair = std::make_shared<MemoryPair>(one.socket, other.socket);
  one.side = MemoryPair::Side::One;
  other.side = MemoryPair::Side::Other;
  one.peer.address = other.peer.address = "memory";
  return joined;
}

Attempt try_joined_read(Stream::State& state, MutableBytes into) {
  switch (state.pair->look(state.side)) {
    case MemoryPair::Look::Octets: {
      const std::size_t octets = state.pair->read(state.side, into);
      if (state.pair->look(state.side) == MemoryPair::Look::Nothing) state.socket.drained();
      return {Outcome::Done, octets};
    }
    case MemoryPair::Look::Ended:
      return {Outcome::Done, 0};
    case MemoryPair::Look::Broken:
      errno = ECONNRESET;
      return {Outcome::Failed, 0};
    case MemoryPair::Look::Nothing:
      break;
  }
  state.socket.drained();
  return {Outcome::WantRead, 0};
}

Attempt try_joined_write(Stream::State& state, std::span<const ByteView> parts) {
  if (state.pair->has_other_left(state.side)) {
    errno = EPIPE;
    return {Outcome::Failed, 0};
  }
  const std::size_t sent = state.pair->write(state.side, parts);
  if (sent > 0) return {Outcome::Done, sent};
  state.socket.filled();
  return {Outcome::WantWrite, 0};
}

ssize_t peek_joined(const Stream::State& state, std::uint8_t& octet) {
  const auto look = state.pair->look(state.side);
  if (look == MemoryPair::Look::Octets) octet = state.pair->peek(state.side);
  errno = look == MemoryPair::Look::Nothing ? EAGAIN : ECONNRESET;
  if (look == MemoryPair::Look::Ended) return 0;
  return look == MemoryPair::Look::Octets ? 1 : -1;
}

}  // namespace strongroom::io
