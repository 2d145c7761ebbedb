// SPDX-License-Identifier: Apache-2.0
#include "workroom/attached_runtime.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>
#include <array>
#include <cerrno>
#include <charconv>
#include <csignal>
#include <cstring>
#include <optional>

#include "base/log.h"
#include "io/descriptor.h"
#include "io/net.h"
#include "io/signals.h"
#include "workroom/handover.h"
#include "workroom/passed_descriptors.h"
#include "workroom/read_exactly.h"
#include "workroom/small_files.h"
#include "workroom/wire.h"

namespace strongroom::workroom {
namespace {

constexpr std::chrono::seconds kHelloWithin{10};

/// Descriptors that came, closed where they are not taken.
struct Passed {
  std::array<int, kWireHelloDescriptors> fds{-1, -1, -1, -1};
  Passed() = default;
  Passed(const Passed&) = delete;
  Passed& operator=(const Passed&) = delete;
  ~Passed() {
    for (const int fd : fds)
      if (fd >= 0) ::close(fd);
  }
  [[nodiscard]] int take(std::size_t which) { return std::exchange(fds[which], -1); }
};

/// The process that a handle is of, as this process sees it: 0 in another namespace. Nothing where
/// it is no handle.
std::optional<pid_t> process_of(int handle) {
  const int fd =
      ::open(("/proc/self/fdinfo/" + std::to_string(handle)).c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return std::nullopt;
  char text[1024];
  const ssize_t size = ::read(fd, text, sizeof(text) - 1);
  ::close(fd);
  if (size <= 0) return std::nullopt;
  const std::string_view all(text, static_cast<std::size_t>(size));
  constexpr std::string_view kName = "\nPid:\t";
  const auto at = all.find(kName);
  if (at == std::string_view::npos) return std::nullopt;
  const std::string_view number = all.substr(at + kName.size());
  pid_t pid = -1;
  std::from_chars(number.data(), number.data() + number.size(), pid);
  if (pid < 0) return std::nullopt;  // it has ended
  return pid;
}

std::string_view next_text(std::string_view& rest) {
  const std::string_view text = rest.substr(0, rest.find('\0'));
  rest.remove_prefix(std::min(rest.size(), text.size() + 1));
  return text;
}

class AttachedInit final : public RunningInit {
 public:
  AttachedInit(io::Loop& loop, int wire, std::unique_ptr<Passed> streams)
      : handle_(loop), wire_(wire), streams_(std::move(streams)) {}
  ~AttachedInit() override {
    kill();
    ::close(wire_);
  }
  Status adopt(int handle) { return handle_.open(handle); }

  pid_t pid() const noexcept override { return 0; }
  Isolation isolation() const noexcept override { return Isolation::Namespace; }
  bool is_elsewhere() const noexcept override { return true; }
  bool wants_streams() const noexcept override { return true; }
  int wire() const noexcept override { return wire_; }
  void kill() noexcept override { (void)::send(wire_, &kWireKill, 1, MSG_NOSIGNAL | MSG_DONTWAIT); }
  /// A handle tells of the end of process 1 only once all of its namespace has gone.
  io::Task<int> exited() override {
    streams_.reset();
    pollfd look{handle_.fd(), POLLIN, 0};
    while (::poll(&look, 1, 0) <= 0) {
      handle_.drained();
      co_await handle_.readable();
    }
    WireFarewell farewell{128 + SIGKILL};
    if (::recv(wire_, &farewell, sizeof(farewell), MSG_DONTWAIT) != sizeof(farewell))
      co_return 128 + SIGKILL;
    co_return static_cast<int>(farewell.status & 0xFFU);
  }
  io::Task<void> remove() override { co_return; }

 private:
  io::Descriptor handle_;
  int wire_;
  std::unique_ptr<Passed> streams_;
};

}  // namespace

Status give_socket(const std::string& path, uid_t user) {
  if (user == ::geteuid()) return {};
  if (::geteuid() == 0 && ::chown(path.c_str(), user, static_cast<gid_t>(-1)) == 0) return {};
  if (::chmod(path.c_str(), 0666) == 0) return {};
  return fail(Code::Storage, "the socket " + path + " cannot be given to user " +
                                 std::to_string(user) + ": " + std::strerror(errno));
}

struct AttachedRuntime::State {
  State(io::Loop& the_loop, Plan the_plan)
      : loop(the_loop), plan(std::move(the_plan)), changed(the_loop) {}

  /// What init said, and how to reach it.
  struct Arrived {
    WireHello hello;
    ByteVector texts;
    std::unique_ptr<Passed> passed = std::make_unique<Passed>();
    std::optional<io::Stream> stream;
  };

  static io::Task<void> meet(std::shared_ptr<State> state, io::Stream stream);
  static io::Task<Status> hear(std::shared_ptr<State> state, Arrived& from);
  [[nodiscard]] Status check(const Arrived& from) const;
  Status fill_in(WorkroomSpec& spec);
  void stop_listening() {
    acceptor.reset();
    ::unlink(plan.socket.c_str());
  }

  io::Loop& loop;
  Plan plan;
  io::Event changed;
  std::unique_ptr<io::Acceptor> acceptor;
  bool is_meeting = false;
  bool is_cancelled = false;
  std::unique_ptr<Arrived> arrived;
};

/// Reads the hello, with the descriptors beside its first octet.
io::Task<Status> AttachedRuntime::State::hear(std::shared_ptr<State> state, Arrived& from) {
  const auto come = co_await from.stream->wait_readable();
  if (!come) co_return std::unexpected(come.error());
  const auto got =
      receive_with(from.stream->native_handle(), &from.hello, sizeof(from.hello), from.passed->fds);
  Status right = fail(Code::Protocol, "what came is no strongroom-init of this build");
  if (got.octets != static_cast<ssize_t>(sizeof(from.hello)) || got.is_cut ||
      got.descriptors != kWireHelloDescriptors || from.hello.version != kWireVersion ||
      from.hello.size > kWireLimit)
    co_return right;
  from.texts.resize(from.hello.size);
  const MutableBytes room(from.texts);
  const auto read = co_await read_exactly(*from.stream, room);
  if (!read) co_return read;
  right = state->check(from);
  co_return right;
}

Status AttachedRuntime::State::check(const Arrived& from) const {
  if (from.hello.is_first == 0)
    return fail(Code::Refused,
                "strongroom-init is not process 1 of its container: without that, what it starts "
                "could outlive the session (no `init: true`, no shared process namespace)");
  ucred peer{};
  socklen_t size = sizeof(peer);
  const auto process = process_of(from.passed->fds[3]);
  if (::getsockopt(from.stream->native_handle(), SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0 ||
      !process || *process != peer.pid)
    return fail(Code::Protocol, "what came gave no handle of itself");
  const auto texts = std::count(from.texts.begin(), from.texts.end(), 0);
  const auto wanted = std::size_t{1} + from.hello.arguments + from.hello.variables;
  if (static_cast<std::size_t>(texts) != wanted || from.hello.arguments == 0 ||
      from.texts.back() != 0)
    return fail(Code::Protocol, "what came is no strongroom-init of this build");
  std::string_view rest = text_of(from.texts);
  const std::string folder = plan.socket.substr(0, plan.socket.rfind('/'));
  if (next_text(rest) != folder)
    return fail(Code::Invalid, "the workroom must see the shared folder as " + folder + " too");
  return {};
}

io::Task<void> AttachedRuntime::State::meet(std::shared_ptr<State> state, io::Stream stream) {
  const auto user = stream.peer().unix_uid;
  if (state->arrived || state->is_meeting) co_return;
  if (!user || static_cast<uid_t>(*user) != state->plan.user) {
    log(LogLevel::Warning, "stranger_refused", {{"uid", user.value_or(-1)}});
    co_return;
  }
  state->is_meeting = true;
  auto from = std::make_unique<Arrived>();
  stream.set_deadline(state->loop.deadline_in(kHelloWithin));
  from->stream.emplace(std::move(stream));
  const auto heard = co_await hear(state, *from);
  state->is_meeting = false;
  if (!heard) {
    log(LogLevel::Warning, "workroom_refused", {{"why", heard.error().message}});
    co_return;
  }
  from->stream->set_deadline(Deadline());
  state->stop_listening();
  state->arrived = std::move(from);
  state->changed.set();
}

/// Its own variables are the image's and the platform's.
Status AttachedRuntime::State::fill_in(WorkroomSpec& spec) {
  std::string_view rest = text_of(arrived->texts);
  (void)next_text(rest);
  for (std::uint32_t i = 0; i < arrived->hello.arguments; ++i)
    spec.command.emplace_back(next_text(rest));
  for (std::uint32_t i = 0; i < arrived->hello.variables; ++i)
    if (auto variable = parse_variable(next_text(rest)))
      spec.image_variables.push_back(std::move(*variable));
  spec.image_variables.push_back({"PATH", kContainerPath});
  const auto& passed = arrived->passed->fds;
  spec.streams = {passed[0], passed[1], passed[2], false};
  return check_spec(spec);
}

AttachedRuntime::AttachedRuntime(io::Loop& loop, Plan plan)
    : state_(std::make_shared<State>(loop, std::move(plan))) {}

AttachedRuntime::~AttachedRuntime() {
  if (state_->acceptor) state_->stop_listening();
}

Status AttachedRuntime::listen() {
  STRONGROOM_TRY(const int fd, io::listen_unix(state_->plan.socket));
  state_->acceptor = std::make_unique<io::Acceptor>(
      state_->loop, fd, [weak = std::weak_ptr(state_)](io::Stream stream) {
        if (const auto state = weak.lock())
          state->loop.spawn(State::meet(state, std::move(stream)));
      });
  return give_socket(state_->plan.socket, state_->plan.user);
}

io::Task<Status> AttachedRuntime::arrive(WorkroomSpec& spec) {
  const auto state = state_;
  const std::vector<int> wanted{SIGTERM, SIGINT};
  auto signals = io::SignalWatch::start(state->loop, wanted, [this](io::Signal) { give_up(); });
  if (!signals) co_return std::unexpected(std::move(signals).error());
  const Deadline deadline = state->loop.deadline_in(state->plan.patience);
  bool in_time = true;
  while (!state->arrived && !state->is_cancelled && in_time)
    in_time = co_await state->changed.wait_until(deadline);
  if (state->is_cancelled) co_return fail(Code::Cancelled, "ended before a workroom came");
  if (!state->arrived)
    co_return fail(Code::Timeout, "no workroom came to " + state->plan.socket + " in time");
  co_return state->fill_in(spec);
}

void AttachedRuntime::give_up() {
  state_->is_cancelled = true;
  state_->changed.set();
}

io::Task<Result<std::unique_ptr<RunningInit>>> AttachedRuntime::launch(io::Loop& loop,
                                                                       WorkroomSpec&) {
  const auto arrived = std::move(state_->arrived);
  if (!arrived) co_return fail(Code::Internal, "no workroom has arrived");
  const int wire = ::fcntl(arrived->stream->native_handle(), F_DUPFD_CLOEXEC, 0);
  if (wire < 0) co_return fail(Code::Unavailable, "too many open files");
  ::fcntl(wire, F_SETFL, 0);  // waits, for the hand-over
  const int handle = arrived->passed->take(3);
  auto init = std::make_unique<AttachedInit>(loop, wire, std::move(arrived->passed));
  const Status adopted = init->adopt(handle);
  if (!adopted) co_return std::unexpected(adopted.error());
  co_return std::unique_ptr<RunningInit>(std::move(init));
}

}  // namespace strongroom::workroom
