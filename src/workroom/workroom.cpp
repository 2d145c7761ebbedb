// SPDX-License-Identifier: Apache-2.0
#include "workroom/workroom.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>
#include <algorithm>
#include <array>
#include <csignal>

#include "io/net.h"
#include "io/signals.h"
#include "workroom/descendants.h"
#include "workroom/handover.h"
#include "workroom/passed_descriptors.h"
#include "workroom/wire.h"

namespace strongroom::workroom {
namespace {

constexpr std::chrono::milliseconds kLook{10};
/// After KILL: what is still there then sleeps in the kernel, or is not ours to kill.
constexpr std::chrono::seconds kDeadWithin{2};

Status pass_inner(int wire, int theirs) {
  if (send_with(wire, &kWireInner, 1, std::array{theirs}, MSG_DONTWAIT) == 1) return {};
  return fail(Code::Unavailable, "the workroom's first process does not listen");
}

}  // namespace

struct Workroom::State {
  State(io::Loop& owner, std::unique_ptr<RunningInit> started)
      : loop(owner), running(std::move(started)), init(running->pid()) {}

  io::Loop& loop;
  std::unique_ptr<RunningInit> running;
  pid_t init;
  std::string command;  ///< its program
  std::unique_ptr<io::SignalWatch> signals;
  bool is_dead = false;    ///< process 1, and with it all of its namespace
  bool has_ended = false;  ///< and the runtime has put everything away
  int status = 0;
  std::vector<Process> known;  ///< all that were seen while it was being ended
  bool is_ending = false;
  bool is_accounted = false;  ///< the end has been waited for: `known` is complete
  std::vector<io::Event*> waiters;

  void tell(std::uint8_t order) const {
    (void)::send(running->wire(), &order, 1, MSG_NOSIGNAL | MSG_DONTWAIT);
  }

  [[nodiscard]] bool is_namespace() const { return running->isolation() == Isolation::Namespace; }
  [[nodiscard]] std::vector<Process> living() const {
    if (running->is_elsewhere()) return {};
    if (is_namespace()) return living_descendants(init);
    // Had init been killed, its children would be ours: we are a subreaper too.
    auto out = living_descendants(::getpid());
    std::erase_if(out, [this](const Process& each) { return each.pid == init; });
    return out;
  }

  void forward(const io::Signal& signal) const {
    if (running->shares_group() &&
        (signal.origin == io::Signal::Origin::Kernel || is_own(signal.sender)))
      return;
    tell(static_cast<std::uint8_t>(signal.number));
  }
  /// A `kill 0` of the command reaches us as well; it has had its effect there. The kernel gives
  /// the sender's number in the sender's own namespace.
  [[nodiscard]] bool is_own(int sender) const {
    const auto all = living();
    return sender != 0 && std::any_of(all.begin(), all.end(), [sender](const Process& each) {
             return inner_pid(each) == sender;
           });
  }

  void wake() {
    for (io::Event* each : waiters) each->set();
  }
  void remember_living() {
    for (const Process& each : living()) {
      const bool is_known = std::any_of(known.begin(), known.end(), [&](const Process& old) {
        return old.pid == each.pid && old.started == each.started;
      });
      if (!is_known) known.push_back(each);
    }
  }
  /// Once: what a process starts in order to tidy up has the grace as well.
  void ask_to_leave() {
    remember_living();
    for (const Process& each : known) {
      signal_process(each, SIGTERM);
      signal_process(each, SIGCONT);  // a stopped process takes no TERM
    }
  }
  void kill_all() const {
    if (is_namespace()) {
      running->kill();
      return;
    }
    for (const Process& each : living()) signal_process(each, SIGKILL);
  }
  /// In Descendants, orphans of a dead init are our own children.
  void reap_known() const {
    for (const Process& each : known)
      if (each.pid != init) ::waitpid(each.pid, nullptr, WNOHANG);
  }
  [[nodiscard]] bool is_gone() const { return is_dead && (is_namespace() || living().empty()); }

  static Status watch_signals(const std::shared_ptr<State>& state);
  static io::Task<void> watch(std::shared_ptr<State> state);
  enum class Round : std::uint8_t { Look, Kill };
  static io::Task<void> wait_until_gone(std::shared_ptr<State> state, Deadline deadline,
                                        Round round);
  static io::Task<void> wait_for(std::shared_ptr<State> state, bool State::* flag);
};

/// Each way of waiting has its own Event, because an Event has one waiter.
io::Task<void> Workroom::State::wait_for(std::shared_ptr<State> state, bool State::* flag) {
  io::Event changed(state->loop);
  state->waiters.push_back(&changed);
  while (!((*state).*flag)) co_await changed.wait();
  std::erase(state->waiters, &changed);
}

io::Task<void> Workroom::State::watch(std::shared_ptr<State> state) {
  state->status = co_await state->running->exited();
  // Killed by its own workroom, init leaves orphans behind, where no namespace holds them.
  for (int round = 0; !state->is_namespace() && round < 200; ++round) {
    const auto rest = state->living();
    if (rest.empty()) break;
    for (const Process& each : rest) signal_process(each, SIGKILL);
    co_await state->loop.sleep(kLook);
    for (const Process& each : rest) ::waitpid(each.pid, nullptr, WNOHANG);
  }
  state->is_dead = true;  // whoever revokes waits for processes, not for an engine's housekeeping
  co_await state->running->remove();
  state->has_ended = true;
  state->signals.reset();
  state->wake();
}

/// KILL goes to everybody in each round: what forks meanwhile is found in the next.
io::Task<void> Workroom::State::wait_until_gone(std::shared_ptr<State> state, Deadline deadline,
                                                Round round) {
  while (!state->is_gone() && !deadline.has_passed(state->loop.clock().steady())) {
    state->remember_living();
    if (round == Round::Kill) state->kill_all();
    co_await state->loop.sleep(kLook);
    state->reap_known();
  }
}

Workroom::Workroom(std::shared_ptr<State> state) : state_(std::move(state)) {}

Workroom::~Workroom() {
  state_->signals.reset();
  if (state_->has_ended) return;
  state_->kill_all();
  // To an init without a namespace: end your descendants, then leave.
  ::shutdown(state_->running->wire(), SHUT_RDWR);
}

/// From before the command runs: what it sends us must not end us.
Status Workroom::State::watch_signals(const std::shared_ptr<State>& state) {
  const auto forward = [weak = std::weak_ptr(state)](io::Signal signal) {
    if (const auto alive = weak.lock()) alive->forward(signal);
  };
  const std::vector<int> wanted{SIGTERM, SIGINT, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2};
  STRONGROOM_TRY(state->signals, io::SignalWatch::start(state->loop, wanted, forward));
  return {};
}

Result<std::unique_ptr<Workroom>> Workroom::start(io::Loop& loop, std::unique_ptr<RunningInit> init,
                                                  WorkroomSpec spec) {
  for (const auto& [name, value] : spec.image_variables)
    add_of_image(spec.environment, name, value);
  STRONGROOM_CHECKED(check_spec(spec));
  const auto state = std::make_shared<State>(loop, std::move(init));
  state->command = spec.command[0];
  STRONGROOM_CHECKED(State::watch_signals(state));
  const bool go_with_order = state->running->wants_streams() || spec.streams.is_terminal;
  const auto streams = go_with_order ? StreamsGo::WithOrder : StreamsGo::Before;
  STRONGROOM_CHECKED(hand_over(state->running->wire(), spec, streams));
  loop.spawn(State::watch(state));
  return std::unique_ptr<Workroom>(new Workroom(state));
}

int Workroom::pid() const noexcept {
  return state_->init;
}
bool Workroom::has_socket(ino_t inode) const {
  const auto processes = living_descendants(state_->init);
  return std::ranges::any_of(
      processes, [&](const Process& each) { return workroom::has_socket(each.pid, inode); });
}
bool Workroom::has_process(pid_t pid) const {
  return std::ranges::any_of(state_->living(),
                             [pid](const Process& each) { return each.pid == pid; });
}

Result<int> Workroom::start_inner(const WorkroomSpec& spec) {
  STRONGROOM_CHECKED(check_spec(spec));
  if (state_->is_ending || state_->has_ended)
    return fail(Code::Revoked, "this workroom is being ended");
  STRONGROOM_TRY(const io::SocketPair pair, io::socket_pair());
  ::fcntl(pair.theirs, F_SETFL, 0);  // theirs waits for what comes
  Status done = pass_inner(state_->running->wire(), pair.theirs);
  ::close(pair.theirs);
  if (done) done = give_order(pair.ours, spec, StreamsGo::WithOrder);
  if (done) return pair.ours;
  ::close(pair.ours);
  return std::unexpected(done.error());
}

Isolation Workroom::isolation() const noexcept {
  return state_->running->isolation();
}

io::Task<int> Workroom::exit_status() {
  const auto state = state_;
  co_await State::wait_for(state, &State::has_ended);
  co_return state->status;
}

io::Task<std::vector<lease::ProcessOutcome>> Workroom::end(Duration grace) {
  const auto state = state_;
  if (state->is_ending) {
    co_await State::wait_for(state, &State::is_accounted);
  } else {
    state->is_ending = true;
    state->tell(state->running->is_elsewhere() ? kWireTerminate : kWireEnd);
    const Clock& clock = state->loop.clock();
    const Deadline graceful = Deadline::after(clock, grace);
    state->ask_to_leave();
    co_await State::wait_until_gone(state, graceful, State::Round::Look);
    const Deadline last = Deadline::after(clock, kDeadWithin);
    co_await State::wait_until_gone(state, last, State::Round::Kill);
    state->is_accounted = true;
    state->wake();
  }
  std::vector<lease::ProcessOutcome> out;
  for (const Process& each : state->known)
    out.push_back({static_cast<std::uint32_t>(each.pid), each.name, !is_alive(each)});
  // Their numbers are another namespace's; with its first process the kernel has ended them all.
  if (state->running->is_elsewhere())
    out.push_back({0, "all of " + state->command, state->is_dead});
  co_return out;
}

}  // namespace strongroom::workroom
