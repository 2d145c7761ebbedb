// SPDX-License-Identifier: Apache-2.0
#include "app/join.h"

#include <memory>

namespace strongroom::app {
namespace {

constexpr std::size_t kBlock = 32UL << 10U;

/// Lives until both directions have ended.
struct Pair {
  Pair(io::Stream from, io::Stream to) : one(std::move(from)), other(std::move(to)) {}
  io::Stream one;
  io::Stream other;
};

io::Task<void> pump(std::shared_ptr<Pair> pair, bool is_up) {
  io::Stream& from = is_up ? pair->one : pair->other;
  io::Stream& to = is_up ? pair->other : pair->one;
  ByteVector block(kBlock);
  for (;;) {
    const auto got = co_await from.read_some(block);
    if (!got) {
      to.abort();
      co_return;
    }
    if (*got == 0) break;
    const auto sent = co_await to.write_all(ByteView(block).first(*got));
    if (!sent) {
      from.abort();
      co_return;
    }
  }
  (void)co_await to.finish_writing();
}

}  // namespace

io::Task<void> join(io::Stream one, io::Stream other) {
  const auto pair = std::make_shared<Pair>(std::move(one), std::move(other));
  pair->one.loop().spawn(pump(pair, true));
  co_await pump(pair, false);
}

}  // namespace strongroom::app
