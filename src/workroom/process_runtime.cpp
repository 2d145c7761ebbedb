// SPDX-License-Identifier: Apache-2.0
#include "workroom/process_runtime.h"

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>
#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstring>

#include "io/process.h"
#include "io/signals.h"
#include "workroom/descendants.h"
#include "workroom/handover.h"
#include "workroom/wire.h"

namespace strongroom::workroom {
namespace {

constexpr std::chrono::milliseconds kLook{10};
/// After KILL: what is still there then sleeps in the kernel, or is not ours to kill.
constexpr std::chrono::seconds kDeadWithin{2};
constexpr timeval kHandOver{10, 0};

struct Pair {
  int ours = -1;
  int theirs = -1;
};

Result<Pair> make_pair() {
  int ends[2];
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0)
    return fail(Code::Unavailable,
                std::string("no socket pair can be made: ") + std::strerror(errno));
  ::setsockopt(ends[0], SOL_SOCKET, SO_SNDTIMEO, &kHandOver, sizeof(kHandOver));
  ::setsockopt(ends[0], SOL_SOCKET, SO_RCVTIMEO, &kHandOver, sizeof(kHandOver));
  return Pair{ends[0], ends[1]};
}

/// With a terminal, all stay in one process group, as a shell expects of a job: Ctrl-C and Ctrl-Z
/// reach the command, and it may read. Without one, the workroom has its own, so that its `kill 0`
/// is its own matter.
bool has_terminal() {
  const int fd = ::open("/dev/tty", O_RDONLY | O_CLOEXEC | O_NOCTTY);
  if (fd >= 0) ::close(fd);
  return fd >= 0;
}

}  // namespace

struct Workroom::State {
  State(io::Loop& owner, int socket) : loop(owner), wire(socket) {}
  ~State() { ::close(wire); }
  State(const State&) = delete;
  State& operator=(const State&) = delete;

  io::Loop& loop;
  int wire;
  int init = -1;
  Isolation isolation = Isolation::Namespace;
  bool shares_group = false;
  std::unique_ptr<io::SignalWatch> signals;
  bool has_ended = false;
  int status = 0;
  std::vector<Process> known;  ///< all that were seen while it was being ended
  bool is_ending = false;
  bool is_accounted = false;  ///< the end has been waited for: `known` is complete
  std::vector<io::Event*> waiters;

  void tell(std::uint8_t order) const {
    (void)::send(wire, &order, 1, MSG_NOSIGNAL | MSG_DONTWAIT);
  }

  [[nodiscard]] std::vector<Process> living() const {
    if (isolation == Isolation::Namespace) return living_descendants(init);
    // Had init been killed, its children would be ours: we are a subreaper too.
    auto out = living_descendants(::getpid());
    std::erase_if(out, [this](const Process& each) { return each.pid == init; });
    return out;
  }

  void forward(const io::Signal& signal) const {
    if (shares_group && (signal.origin == io::Signal::Origin::Kernel || is_own(signal.sender)))
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
  /// Signals what has not been seen yet, and remembers it.
  void signal_new(int number) {
    for (const Process& each : living()) {
      const bool is_known = std::any_of(known.begin(), known.end(), [&](const Process& old) {
        return old.pid == each.pid && old.started == each.started;
      });
      if (is_known) continue;
      known.push_back(each);
      signal_process(each, number);
      signal_process(each, SIGCONT);  // a stopped process takes no TERM
    }
  }
  void kill_all() const {
    if (isolation == Isolation::Namespace) {
      if (!has_ended) ::kill(init, SIGKILL);  // not reaped yet, so the number is still its own
      return;
    }
    for (const Process& each : living()) signal_process(each, SIGKILL);
  }
  /// In Descendants, orphans of a dead init are our own children.
  void reap_known() const {
    for (const Process& each : known)
      if (each.pid != init) ::waitpid(each.pid, nullptr, WNOHANG);
  }
  [[nodiscard]] bool is_gone() const {
    return has_ended && (isolation == Isolation::Namespace || living().empty());
  }

  Status spawn_init(const WorkroomSpec& spec, int socket);
  static Status watch_signals(const std::shared_ptr<State>& state);
  static io::Task<void> watch(std::shared_ptr<State> state);
  static io::Task<void> wait_until_gone(std::shared_ptr<State> state, Deadline deadline,
                                        int number);
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
  const auto ended = co_await io::exit_of(state->loop, state->init);
  // Killed by its own workroom, init leaves orphans behind, where no namespace holds them.
  for (int round = 0; state->isolation == Isolation::Descendants && round < 200; ++round) {
    const auto rest = state->living();
    if (rest.empty()) break;
    for (const Process& each : rest) signal_process(each, SIGKILL);
    co_await state->loop.sleep(kLook);
    for (const Process& each : rest) ::waitpid(each.pid, nullptr, WNOHANG);
  }
  state->status = ended ? *ended : 128 + SIGKILL;
  state->has_ended = true;
  state->signals.reset();
  state->wake();
}

/// With `number` = TERM, whoever appears meanwhile gets it too; with KILL, everybody gets it in
/// each round.
io::Task<void> Workroom::State::wait_until_gone(std::shared_ptr<State> state, Deadline deadline,
                                                int number) {
  while (!state->is_gone() && !deadline.has_passed(state->loop.clock().steady())) {
    state->signal_new(number);
    if (number == SIGKILL) state->kill_all();
    co_await state->loop.sleep(kLook);
    state->reap_known();
  }
}

Workroom::Workroom(std::shared_ptr<State> state) : state_(std::move(state)) {}

Workroom::~Workroom() {
  state_->signals.reset();
  if (state_->has_ended) return;
  state_->kill_all();
  ::shutdown(state_->wire,
             SHUT_RDWR);  // to an init without a namespace: end your descendants, then leave
}

/// Init, in the strongest isolation that is wanted and can be had.
Status Workroom::State::spawn_init(const WorkroomSpec& spec, int socket) {
  io::Spawn child;
  child.program = spec.init_program;
  child.descriptors = {{socket, kWireDescriptor}};
  child.group = shares_group ? io::ProcessGroup::OfParent : io::ProcessGroup::Own;
  child.ignored = io::IgnoredSignals::Keep;
  child.separation = io::Separation::ProcessIds;
  auto started = spec.at_most == Isolation::Namespace
                     ? io::spawn(child)
                     : Result<int>(fail(Code::Unsupported, "not wanted"));
  if (!started && started.error().code == Code::Unsupported) {
    ::prctl(PR_SET_CHILD_SUBREAPER, 1);
    isolation = Isolation::Descendants;
    child.separation = io::Separation::None;
    child.die_with_parent = false;  // when we die, it still has its descendants to end
    started = io::spawn(child);
  }
  if (!started) return std::unexpected(std::move(started).error());
  init = *started;
  return {};
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

Result<std::unique_ptr<Workroom>> Workroom::start(io::Loop& loop, WorkroomSpec spec) {
  STRONGROOM_CHECKED(check_spec(spec));
  STRONGROOM_TRY(const Pair pair, make_pair());
  const auto state = std::make_shared<State>(loop, pair.ours);
  state->shares_group = has_terminal();
  auto done = State::watch_signals(state);
  if (done) done = state->spawn_init(spec, pair.theirs);
  ::close(pair.theirs);
  if (!done) return std::unexpected(std::move(done).error());
  if (auto given = hand_over(pair.ours, spec); !given) {
    ::kill(state->init, SIGKILL);
    ::waitpid(state->init, nullptr, 0);
    return std::unexpected(std::move(given).error());
  }
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
Isolation Workroom::isolation() const noexcept {
  return state_->isolation;
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
    state->tell(kWireEnd);
    const Clock& clock = state->loop.clock();
    const Deadline graceful = Deadline::after(clock, grace);
    co_await State::wait_until_gone(state, graceful, SIGTERM);
    const Deadline last = Deadline::after(clock, kDeadWithin);
    co_await State::wait_until_gone(state, last, SIGKILL);
    state->is_accounted = true;
    state->wake();
  }
  std::vector<lease::ProcessOutcome> out;
  for (const Process& each : state->known)
    out.push_back({static_cast<std::uint32_t>(each.pid), each.name, !is_alive(each)});
  co_return out;
}

}  // namespace strongroom::workroom
