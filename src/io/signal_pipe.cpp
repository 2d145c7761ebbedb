// SPDX-License-Identifier: Apache-2.0
#include "io/signal_pipe.h"

#include <fcntl.h>
#include <unistd.h>
#include <atomic>
#include <cerrno>

#include "base/check.h"
#include "io/loop.h"

namespace strongroom::io {
namespace {

/// The one thing that a signal handler can reach.
std::atomic<int> pipe_end{-1};

void on_any_signal(int number) {
  const int before = errno;
  const auto octet = static_cast<unsigned char>(number);
  (void)!::write(pipe_end.load(std::memory_order_relaxed), &octet, 1);
  errno = before;
}

}  // namespace

SignalPipe::SignalPipe(Loop& loop, std::function<void(int)> on_signal)
    : reading_(loop), on_signal_(std::move(on_signal)) {
  int ends[2];
  STRONGROOM_CHECK(::pipe2(ends, O_CLOEXEC | O_NONBLOCK) == 0, "signals can be watched");
  writing_ = ends[1];
  STRONGROOM_CHECK(reading_.open(ends[0]).has_value(), "signals can be watched");
  reading_.call_when_readable([this] { take_all(); });
}

std::unique_ptr<SignalPipe> SignalPipe::start(Loop& loop, std::initializer_list<int> signals,
                                              std::function<void(int)> on_signal) {
  std::unique_ptr<SignalPipe> pipe(new SignalPipe(loop, std::move(on_signal)));
  STRONGROOM_CHECK(pipe_end.exchange(pipe->writing_) < 0, "one loop of a process takes signals");
  struct sigaction action{};
  action.sa_handler = on_any_signal;
  action.sa_flags = SA_RESTART;
  sigfillset(&action.sa_mask);
  for (const int number : signals) {
    pipe->before_.emplace_back(number, decltype(action){});
    ::sigaction(number, &action, &pipe->before_.back().second);
  }
  return pipe;
}

SignalPipe::~SignalPipe() {
  for (const auto& [number, action] : before_) ::sigaction(number, &action, nullptr);
  pipe_end = -1;
  ::close(writing_);
}

void SignalPipe::take_all() {
  reading_.call_when_readable([this] { take_all(); });
  unsigned char number = 0;
  while (reading_.is_open() && ::read(reading_.fd(), &number, 1) == 1) on_signal_(number);
}

}  // namespace strongroom::io
