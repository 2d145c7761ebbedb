// SPDX-License-Identifier: Apache-2.0
#include "io/signals.h"

#include <sys/signalfd.h>
#include <unistd.h>
#include <cerrno>
#include <csignal>
#include <cstring>

#include "io/descriptor.h"

namespace strongroom::io {

struct SignalWatch::State {
  State(Loop& loop, std::function<void(Signal)> call)
      : descriptor(loop), on_signal(std::move(call)) {}
  Descriptor descriptor;
  std::function<void(Signal)> on_signal;
  sigset_t before{};
  bool is_stopped = false;

  static void wait(const std::shared_ptr<State>& state) {
    state->descriptor.call_when_readable([state] {
      if (state->is_stopped) return;
      wait(state);
      state->take_all();
    });
  }

  void take_all() {
    signalfd_siginfo info{};
    while (!is_stopped && ::read(descriptor.fd(), &info, sizeof(info)) == sizeof(info)) {
      Signal signal;
      signal.number = static_cast<int>(info.ssi_signo);
      signal.origin = info.ssi_code > 0 ? Signal::Origin::Kernel : Signal::Origin::Process;
      signal.sender = static_cast<int>(info.ssi_pid);
      on_signal(signal);  // may destroy the watch; this state stays until it has returned
    }
  }
};

SignalWatch::SignalWatch(std::shared_ptr<State> state) : state_(std::move(state)) {}

Result<std::unique_ptr<SignalWatch>> SignalWatch::start(Loop& loop, const std::vector<int>& signals,
                                                        std::function<void(Signal)> on_signal) {
  sigset_t wanted;
  sigemptyset(&wanted);
  for (const int number : signals) {
    struct sigaction now{};
    if (::sigaction(number, nullptr, &now) == 0 && now.sa_handler != SIG_IGN)
      sigaddset(&wanted, number);
  }
  sigset_t before;
  ::pthread_sigmask(SIG_BLOCK, &wanted, &before);
  const int fd = ::signalfd(-1, &wanted, SFD_CLOEXEC | SFD_NONBLOCK);
  if (fd < 0) {
    const std::string why = std::strerror(errno);
    ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
    return fail(Code::Internal, "signals cannot be watched: " + why);
  }
  auto state = std::make_shared<State>(loop, std::move(on_signal));
  state->before = before;
  auto watched = state->descriptor.open(fd);
  if (!watched) {
    ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
    return std::unexpected(std::move(watched).error());
  }
  State::wait(state);
  return std::unique_ptr<SignalWatch>(new SignalWatch(std::move(state)));
}

SignalWatch::~SignalWatch() {
  state_->is_stopped = true;
  state_->descriptor.close();
  ::pthread_sigmask(SIG_SETMASK, &state_->before, nullptr);
}

}  // namespace strongroom::io
