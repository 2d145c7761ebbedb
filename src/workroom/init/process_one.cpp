// SPDX-License-Identifier: Apache-2.0
#include "workroom/init/process_one.h"

#include <poll.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>
#include <algorithm>
#include <cerrno>
#include <csignal>
#include <ctime>

#include "workroom/descendants.h"
#include "workroom/init/inner.h"
#include "workroom/wire.h"

namespace strongroom::workroom {
namespace {

constexpr int kLost = 128 + SIGKILL;
/// How long what the command left behind may take to leave by itself.
constexpr int kLeaveWithinMs = 500;

long now_ms() {
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * 1000 + now.tv_nsec / 1'000'000;
}

class Init {
 public:
  Init(pid_t command, int signals, bool is_first)
      : command_(command), signals_(signals), is_first_(is_first) {}

  [[noreturn]] void run() {
    for (;;) {
      pollfd waits[2] = {{signals_, POLLIN, 0}, {kWireDescriptor, POLLIN, 0}};
      const int ready = ::poll(waits, 2, time_left());
      if (ready < 0 && errno != EINTR) ::_exit(kLost);
      if (waits[0].revents != 0) take_signals();
      if (waits[1].revents != 0) take_order();
      reap();
      if (has_ended_ && (is_alone() || (!is_being_ended_ && now_ms() >= leave_at_))) finish();
    }
  }

 private:
  int time_left() const {
    if (!has_ended_ || is_being_ended_) return is_first_ || !has_ended_ ? -1 : 50;
    return static_cast<int>(std::max(0L, std::min(50L, leave_at_ - now_ms())));
  }

  void take_signals() {
    signalfd_siginfo info{};
    while (::read(signals_, &info, sizeof(info)) == sizeof(info)) {
      const int number = static_cast<int>(info.ssi_signo);
      // What the kernel sends (the terminal's Ctrl-C) goes to the whole group, so the command has
      // it already; so it is with what the workroom sends to its own group (kill 0).
      const bool is_news = info.ssi_code <= 0 && !is_own(static_cast<pid_t>(info.ssi_pid));
      if (number != SIGCHLD && is_news && !has_ended_) ::kill(command_, number);
    }
  }

  /// Did one of us send it? From outside of a namespace, the sender is 0.
  bool is_own(pid_t sender) const {
    if (is_first_) return sender != 0;
    const auto all = living_descendants(::getpid());
    return std::any_of(all.begin(), all.end(),
                       [sender](const Process& each) { return each.pid == sender; });
  }

  void take_order() {
    std::uint8_t order = 0;
    int passed = -1;
    const ssize_t got = receive_octet(kWireDescriptor, order, passed);
    if (got < 0 && (errno == EAGAIN || errno == EINTR)) return;
    if (got <= 0) abandon();
    if (order == kWireInner)
      start_inner(passed, self_);
    else if (order == kWireEnd)
      is_being_ended_ = true;
    else if (order == kWireTerminate || order == kWireKill)
      end_all(order);
    else if (!has_ended_)
      ::kill(command_, order);
  }

  /// For a runner that sees none of our processes.
  void end_all(std::uint8_t order) {
    is_being_ended_ = true;
    signal_rest(order == kWireKill ? SIGKILL : SIGTERM);
    if (order == kWireTerminate) signal_rest(SIGCONT);  // a stopped process takes no TERM
  }

  /// The runner is gone: nobody is left to be revoked to. As process 1 we take all with us.
  [[noreturn]] void abandon() {
    if (!is_first_) kill_descendants();
    ::_exit(kLost);
  }

  void reap() {
    int status = 0;
    for (pid_t pid = 0; (pid = ::waitpid(-1, &status, WNOHANG)) > 0;) {
      if (pid != command_ || has_ended_) continue;
      has_ended_ = true;
      status_ = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
      leave_at_ = now_ms() + kLeaveWithinMs;
      if (!is_being_ended_) signal_rest(SIGTERM);
    }
  }

  /// All processes of a namespace descend from its first; so no child means nobody.
  bool is_alone() const {
    if (is_first_)
      return ::waitid(P_ALL, 0, nullptr, WEXITED | WNOHANG | WNOWAIT) != 0 && errno == ECHILD;
    return living_descendants(::getpid()).empty();
  }

  void signal_rest(int number) const {
    if (is_first_) {
      ::kill(-1, number);
      return;
    }
    for (const Process& each : living_descendants(::getpid())) signal_process(each, number);
  }

  /// Again and again: what forks meanwhile is found in the next round.
  static void kill_descendants() {
    for (int round = 0; round < 1000; ++round) {
      const auto rest = living_descendants(::getpid());
      if (rest.empty()) return;
      for (const Process& each : rest) signal_process(each, SIGKILL);
      while (::waitpid(-1, nullptr, WNOHANG) > 0) {
      }
      ::usleep(1000);
    }
  }

  [[noreturn]] void finish() const {
    if (!is_first_) kill_descendants();
    const WireFarewell farewell{static_cast<std::uint32_t>(status_)};
    (void)::send(kWireDescriptor, &farewell, sizeof(farewell), MSG_NOSIGNAL | MSG_DONTWAIT);
    ::_exit(status_);
  }

  const int self_ = open_own_program();
  pid_t command_;
  int signals_;
  bool is_first_;
  bool has_ended_ = false;
  bool is_being_ended_ = false;
  int status_ = 0;
  long leave_at_ = 0;
};

}  // namespace

void run(const ProcessOne& facts) {
  Init(facts.command, facts.signals, facts.is_first).run();
}

int watch_signals() {
  sigset_t watched;
  sigfillset(&watched);
  ::sigprocmask(SIG_SETMASK, &watched,
                nullptr);  // a hostile workroom stops or ends us with none of them
  sigemptyset(&watched);
  for (const int number : {SIGCHLD, SIGTERM, SIGINT, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2})
    sigaddset(&watched, number);
  return ::signalfd(-1, &watched, SFD_CLOEXEC | SFD_NONBLOCK);
}

}  // namespace strongroom::workroom
