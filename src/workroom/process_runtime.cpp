// SPDX-License-Identifier: Apache-2.0
#include "workroom/process_runtime.h"

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>
#include <csignal>

#include "io/net.h"
#include "io/process/process.h"
#include "workroom/handover.h"
#include "workroom/wire.h"

namespace strongroom::workroom {
namespace {

/// With a terminal, all stay in one process group, as a shell expects of a job: Ctrl-C and Ctrl-Z
/// reach the command, and it may read. Without one, the workroom has its own, so that its `kill 0`
/// is its own matter.
bool has_terminal() {
  const int fd = ::open("/dev/tty", O_RDONLY | O_CLOEXEC | O_NOCTTY);
  if (fd >= 0) ::close(fd);
  return fd >= 0;
}

class ChildInit final : public RunningInit {
 public:
  ChildInit(io::Loop& loop, int wire, bool shares_group)
      : loop_(loop), wire_(wire), shares_group_(shares_group) {}
  ~ChildInit() override;
  Status spawn(const WorkroomSpec& spec, int socket);

  pid_t pid() const noexcept override { return pid_; }
  Isolation isolation() const noexcept override { return isolation_; }
  bool shares_group() const noexcept override { return shares_group_; }
  int wire() const noexcept override { return wire_; }
  void kill() noexcept override {
    // Not reaped yet, so the number is still its own.
    if (pid_ > 0 && !is_reaped_) ::kill(pid_, SIGKILL);
  }
  io::Task<int> exited() override;
  io::Task<void> remove() override { co_return; }

 private:
  io::Loop& loop_;
  int wire_;
  bool shares_group_;
  pid_t pid_ = -1;
  bool is_waited_for_ = false;
  bool is_reaped_ = false;
  Isolation isolation_ = Isolation::Namespace;
};

ChildInit::~ChildInit() {
  if (isolation_ == Isolation::Namespace) kill();
  // To an init without a namespace: end your descendants, then leave.
  ::shutdown(wire_, SHUT_RDWR);
  ::close(wire_);
  if (pid_ > 0 && !is_waited_for_) ::waitpid(pid_, nullptr, 0);
}

/// Init, in the strongest isolation that is wanted and can be had.
Status ChildInit::spawn(const WorkroomSpec& spec, int socket) {
  io::Spawn child;
  child.program = spec.init_program;
  child.descriptors = {{spec.streams.in, 0},
                       {spec.streams.out, 1},
                       {spec.streams.error, 2},
                       {socket, kWireDescriptor}};
  child.group = shares_group_ ? io::ProcessGroup::OfParent : io::ProcessGroup::Own;
  child.separation = io::Separation::ProcessIds;
  auto started = spec.at_most == Isolation::Namespace
                     ? io::spawn(child)
                     : Result<int>(fail(Code::Unsupported, "not wanted"));
  if (!started && started.error().code == Code::Unsupported) {
    ::prctl(PR_SET_CHILD_SUBREAPER, 1);
    isolation_ = Isolation::Descendants;
    child.separation = io::Separation::None;
    child.die_with_parent = false;  // when we die, it still has its descendants to end
    started = io::spawn(child);
  }
  if (!started) return std::unexpected(std::move(started).error());
  pid_ = *started;
  return {};
}

io::Task<int> ChildInit::exited() {
  is_waited_for_ = true;
  const auto ended = co_await io::exit_of(loop_, pid_);
  is_reaped_ = true;
  co_return ended ? *ended : 128 + SIGKILL;
}

}  // namespace

Result<std::unique_ptr<RunningInit>> ProcessRuntime::launch_now(io::Loop& loop,
                                                                const WorkroomSpec& spec) {
  STRONGROOM_CHECKED(check_spec(spec));
  STRONGROOM_TRY(const io::SocketPair pair, io::socket_pair());
  for (const int end : {pair.ours, pair.theirs}) ::fcntl(end, F_SETFL, 0);  // both wait
  // With a terminal of its own, the caller's says nothing to the command.
  const bool shares_group = has_terminal() && !spec.streams.is_terminal;
  auto init = std::make_unique<ChildInit>(loop, pair.ours, shares_group);
  const auto done = init->spawn(spec, pair.theirs);
  ::close(pair.theirs);
  if (!done) return std::unexpected(done.error());
  return init;
}

io::Task<Result<std::unique_ptr<RunningInit>>> ProcessRuntime::launch(io::Loop& loop,
                                                                      WorkroomSpec& spec) {
  co_return launch_now(loop, spec);
}

Result<std::unique_ptr<Workroom>> start_process_workroom(io::Loop& loop, WorkroomSpec spec) {
  STRONGROOM_TRY(auto init, ProcessRuntime::launch_now(loop, spec));
  return Workroom::start(loop, std::move(init), std::move(spec));
}

}  // namespace strongroom::workroom
