// SPDX-License-Identifier: Apache-2.0
#include "workroom/exec_server.h"

#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>
#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>

#include "workroom/handover.h"
#include "workroom/passed_descriptors.h"
#include "workroom/read_exactly.h"

namespace strongroom::workroom {
namespace {

/// For a request to arrive, and for an inner init to answer.
constexpr std::chrono::seconds kPatience{10};

/// The caller's standard streams, and who the kernel says it is.
struct Caller {
  Caller() = default;
  Caller(const Caller&) = delete;
  Caller& operator=(const Caller&) = delete;
  ~Caller() {
    for (const int each : streams)
      if (each >= 0) ::close(each);
  }
  ucred who{};
  std::array<int, kWireStreams> streams{-1, -1, -1};
};

bool identify(int fd, ucred& who) {
  socklen_t size = sizeof(who);
  return ::getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who, &size) == 0 && who.pid > 0;
}

/// The head is sent at once, with three descriptors: anything else is not of ours.
bool receive_head(int fd, ExecHead& head, Caller& caller) {
  const ReceivedWith got = receive_with(fd, &head, sizeof(head), caller.streams, MSG_DONTWAIT);
  // Fewer than three are closed with the caller.
  return got.octets == static_cast<ssize_t>(sizeof(head)) && !got.is_cut &&
         got.descriptors == caller.streams.size();
}

bool is_for_commands(std::uint8_t number) {
  constexpr std::array<int, 7> kForwarded{SIGTERM, SIGINT,  SIGHUP,  SIGQUIT,
                                          SIGUSR1, SIGUSR2, SIGWINCH};
  return std::ranges::find(kForwarded, int{number}) != kForwarded.end();
}

MutableBytes octets_of(auto& value) {
  return {reinterpret_cast<std::uint8_t*>(&value), sizeof(value)};
}

}  // namespace

struct ExecServer::State {
  State(io::Loop& owner, Plan what, ExecKeys& who)
      : loop(owner), plan(std::move(what)), keys(who) {}

  io::Loop& loop;
  Plan plan;
  ExecKeys& keys;
  int calls = 0;

  /// One client, for as long as its command runs.
  struct Call {
    explicit Call(io::Stream stream) : client(std::move(stream)) {}
    io::Stream client;
    std::optional<io::Stream> wire;  ///< to the inner init
    Caller caller;
    ExecRequest request;
    bool has_client_left = false;
  };
  using Shared = std::shared_ptr<State>;

  static io::Task<void> serve(Shared state, io::Stream client);
  static io::Task<Result<int>> run(Shared state, std::shared_ptr<Call> call);
  static io::Task<Status> receive(Shared state, std::shared_ptr<Call> call);
  static io::Task<Result<int>> follow(std::shared_ptr<Call> call);
  static io::Task<void> forward(std::shared_ptr<Call> call);
  [[nodiscard]] Status begin(Call& call) const;
  [[nodiscard]] Result<std::optional<CommandUser>> user_of(const Call& call) const;
};

/// Without `--exec-user`: the caller's own, so that no command has more rights than who asked.
Result<std::optional<CommandUser>> ExecServer::State::user_of(const Call& call) const {
  const auto& wanted = call.request.user;
  if (wanted && (!plan.user || plan.user->user != *wanted))
    return fail(Code::Refused, "this workroom's commands may not run as user " +
                                   std::to_string(*wanted) + " (run --exec-user)");
  if (plan.user) return plan.user;
  if (call.caller.who.uid == ::geteuid()) return std::optional<CommandUser>();
  return std::optional(CommandUser{call.caller.who.uid, call.caller.who.gid});
}

/// From the values to the inner init's socket, without a wait.
Status ExecServer::State::begin(Call& call) const {
  Workroom* const workroom = plan.workroom();
  if (workroom == nullptr) return fail(Code::Revoked, "this workroom is being ended");
  WorkroomSpec spec;
  STRONGROOM_TRY(spec.user, user_of(call));
  spec.command = call.request.command;
  spec.working_directory = call.request.directory;
  spec.environment.plain = std::move(call.request.variables);
  STRONGROOM_CHECKED(keys.add(call.request.services, spec.environment));
  spec.streams = {call.caller.streams[0], call.caller.streams[1], call.caller.streams[2], false};
  STRONGROOM_TRY(const int fd, workroom->start_inner(spec));
  STRONGROOM_TRY(call.wire, io::Stream::adopt(loop, fd));
  return {};
}

io::Task<Status> ExecServer::State::receive(Shared state, std::shared_ptr<Call> call) {
  const auto come = co_await call->client.wait_readable();
  if (!come) co_return std::unexpected(come.error());
  ExecHead head;
  Workroom* const workroom = state->plan.workroom();
  const int fd = call->client.native_handle();
  if (!receive_head(fd, head, call->caller))
    co_return fail(Code::Protocol, "this is not a request of strongroom-init exec");
  if (workroom == nullptr || !identify(fd, call->caller.who) ||
      !workroom->has_process(call->caller.who.pid))
    co_return fail(Code::Refused, "only processes of this workroom may ask");
  auto checked = check_head(head);
  if (!checked) co_return checked;
  ByteVector texts(head.size);
  const auto read = co_await read_exactly(call->client, texts);
  if (!read) co_return read;
  auto request = parse_exec_request(head, texts);
  if (!request) co_return std::unexpected(request.error());
  call->request = std::move(*request);
  co_return Status();
}

/// Octets of the client are signals; its end ends the inner init, and that its command.
io::Task<void> ExecServer::State::forward(std::shared_ptr<Call> call) {
  std::array<std::uint8_t, 16> numbers{};
  while (call->client.is_open()) {
    const auto got = co_await call->client.read_some(numbers);
    if (!got || *got == 0) break;
    const auto end = numbers.begin() + static_cast<std::ptrdiff_t>(*got);
    const auto first_other = std::find_if_not(numbers.begin(), end, is_for_commands);
    const ByteView told(numbers.data(), static_cast<std::size_t>(first_other - numbers.begin()));
    const auto sent = co_await call->wire->write_all(told);
    if (!sent || first_other != end) break;
  }
  call->has_client_left = true;
  call->wire->abort();
}

/// What became of the command; without a farewell, its init was killed.
io::Task<Result<int>> ExecServer::State::follow(std::shared_ptr<Call> call) {
  WireAnswer answer;
  call->wire->set_deadline(call->wire->loop().deadline_in(kPatience));
  const auto answered = co_await read_exactly(*call->wire, octets_of(answer));
  if (!answered) co_return fail(Code::Unavailable, "the command's init ended before it began");
  WorkroomSpec about;
  about.command = call->request.command;
  about.working_directory = call->request.directory;
  auto meaning = meaning_of(answer, about);
  if (!meaning) co_return std::unexpected(meaning.error());
  call->wire->set_deadline(Deadline());
  call->client.set_deadline(Deadline());
  call->client.loop().spawn(forward(call));
  WireFarewell farewell{128 + SIGKILL};
  (void)co_await read_exactly(*call->wire, octets_of(farewell));
  co_return static_cast<int>(farewell.status & 0xFFU);
}

io::Task<Result<int>> ExecServer::State::run(Shared state, std::shared_ptr<Call> call) {
  auto received = co_await receive(state, call);
  if (!received) co_return std::unexpected(received.error());
  auto uses = co_await state->keys.record(call->request.services, call->request.command[0]);
  if (!uses) co_return std::unexpected(uses.error());
  auto begun = state->begin(*call);
  if (!begun) {
    state->keys.settle(*uses, 0, ExecKeys::Outcome::NotStarted);
    co_return std::unexpected(begun.error());
  }
  auto ended = co_await follow(call);
  const auto outcome = !ended                  ? ExecKeys::Outcome::NotStarted
                       : call->has_client_left ? ExecKeys::Outcome::ClientLeft
                                               : ExecKeys::Outcome::Ended;
  state->keys.settle(*uses, ended.value_or(0), outcome);
  co_return ended;
}

io::Task<void> ExecServer::State::serve(Shared state, io::Stream client) {
  ++state->calls;
  auto call = std::make_shared<Call>(std::move(client));
  call->client.set_deadline(state->loop.deadline_in(kPatience));
  Result<int> done = fail(Code::TooLarge, "32 commands run in this workroom at once, and no more");
  if (state->calls <= kMost) done = co_await run(state, call);
  std::string message = done ? std::string() : done.error().message;
  message.resize(std::min(message.size(), kExecMessage));
  ExecAnswer answer;
  answer.status = static_cast<std::uint32_t>(done ? *done : state->keys.exit_code(done.error()));
  answer.size = static_cast<std::uint32_t>(message.size());
  call->client.set_deadline(state->loop.deadline_in(kPatience));
  (void)co_await call->client.write_all(octets_of(answer), bytes_of(std::string_view(message)));
  call->client.abort();
  if (call->wire) call->wire->abort();
  --state->calls;
}

ExecServer::ExecServer(io::Loop& loop, int fd, const std::shared_ptr<State>& state)
    : state_(state), acceptor_(loop, fd, [&loop, state](io::Stream stream) {
        // Beyond those who are told that there are too many, nobody is heard.
        if (state->calls < 2 * kMost) loop.spawn(State::serve(state, std::move(stream)));
      }) {}

ExecServer::~ExecServer() {
  ::unlink(state_->plan.path.c_str());
}

Result<std::unique_ptr<ExecServer>> ExecServer::open(io::Loop& loop, Plan plan, ExecKeys& keys) {
  STRONGROOM_TRY(const int fd, io::listen_unix(plan.path));
  // Whoever they are in the workroom; who is of the workroom is asked of the kernel.
  ::chmod(plan.path.c_str(), 0666);
  const auto state = std::make_shared<State>(loop, std::move(plan), keys);
  return std::unique_ptr<ExecServer>(new ExecServer(loop, fd, state));
}

}  // namespace strongroom::workroom
