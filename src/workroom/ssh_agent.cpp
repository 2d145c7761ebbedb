// SPDX-License-Identifier: Apache-2.0
#include "workroom/ssh_agent.h"

#include <sys/stat.h>
#include <unistd.h>
#include <algorithm>
#include <array>
#include <optional>

#include "base/encoding.h"
#include "workroom/read_exactly.h"

namespace strongroom::workroom {
namespace {

// draft-miller-ssh-agent 3.1 and 5.1.
constexpr std::uint8_t kFailure = 5;
constexpr std::uint8_t kSuccess = 6;
constexpr std::uint8_t kRequestIdentities = 11;
constexpr std::uint8_t kIdentitiesAnswer = 12;
constexpr std::uint8_t kSignRequest = 13;
constexpr std::uint8_t kSignResponse = 14;
constexpr std::uint8_t kExtension = 27;
constexpr std::uint32_t kFlagSha256 = 2;
constexpr std::uint32_t kFlagSha512 = 4;

constexpr std::size_t kMostOctets = 64UL << 10U;
constexpr std::string_view kSessionBind = "session-bind@openssh.com";
/// For the rest of a message that has begun, and for an answer to be taken.
constexpr std::chrono::seconds kPatience{10};

ByteVector answer_of(std::uint8_t code) {
  return {code};
}

}  // namespace

struct SshAgent::State {
  State(io::Loop& owner, Plan what, SshKeys& who) : loop(owner), plan(std::move(what)), keys(who) {}

  io::Loop& loop;
  Plan plan;
  SshKeys& keys;
  int connections = 0;

  struct Connection {
    explicit Connection(io::Stream stream) : client(std::move(stream)) {}
    io::Stream client;
    std::optional<SshBinding> binding;
    bool is_bound_wrongly = false;  ///< nothing is signed for it any more
    ByteVector message;
    ByteVector answer;
  };
  using Shared = std::shared_ptr<State>;

  static io::Task<void> serve(Shared state, io::Stream client);
  static io::Task<bool> receive(std::shared_ptr<Connection> connection);
  static io::Task<void> reply(Shared state, std::shared_ptr<Connection> connection);
  static io::Task<void> sign(Shared state, std::shared_ptr<Connection> connection);
  [[nodiscard]] ByteVector identities() const;
  static void bind(Connection& connection);

  struct Wanted {
    std::size_t which = 0;
    ByteVector data;
    crypto::SshKey::RsaHash hash = crypto::SshKey::RsaHash::Sha512;
  };
  [[nodiscard]] std::optional<Wanted> judged(const Connection& connection) const;
};

ByteVector SshAgent::State::identities() const {
  ByteVector out;
  Writer writer(out);
  writer.u8(kIdentitiesAnswer);
  writer.u32(static_cast<std::uint32_t>(keys.entries().size()));
  for (const auto& each : keys.entries()) {
    writer.blob(each.public_blob);
    writer.text(each.comment);
  }
  return out;
}

/// A client says once which server it talks to; a second one would be a server behind the first.
void SshAgent::State::bind(Connection& connection) {
  Reader in(ByteView(connection.message).subspan(1));
  const std::string_view name = in.text();
  connection.answer = answer_of(kFailure);
  if (!in.is_ok() || name != kSessionBind) return;
  auto binding = parse_ssh_binding(in.raw(in.remaining()));
  connection.is_bound_wrongly |= connection.binding.has_value() || !binding;
  if (connection.is_bound_wrongly) return;
  connection.binding = std::move(binding);
  connection.answer = answer_of(kSuccess);
}

std::optional<SshAgent::State::Wanted> SshAgent::State::judged(const Connection& connection) const {
  Reader in(ByteView(connection.message).subspan(1));
  const ByteView blob = in.blob();
  const ByteView data = in.blob();
  const std::uint32_t flags = in.u32();
  if (!in.is_at_end()) return std::nullopt;
  const auto& entries = keys.entries();
  const auto entry = std::ranges::find_if(
      entries, [&](const auto& each) { return std::ranges::equal(each.public_blob, blob); });
  if (entry == entries.end()) return std::nullopt;
  const auto which = static_cast<std::size_t>(entry - entries.begin());
  const auto login = parse_ssh_login(data);
  const char* refusal = "ssh_no_login";
  if (connection.is_bound_wrongly)
    refusal = "ssh_other_host";
  else if (login && std::ranges::equal(login->public_blob, blob))
    refusal = refusal_of(entry->permit, *login, connection.binding);
  if (refusal != nullptr) {
    keys.refused(which, refusal);
    return std::nullopt;
  }
  const bool is_sha256 = (flags & kFlagSha256) != 0 && (flags & kFlagSha512) == 0;
  return Wanted{which,
                {data.begin(), data.end()},
                is_sha256 ? crypto::SshKey::RsaHash::Sha256 : crypto::SshKey::RsaHash::Sha512};
}

io::Task<void> SshAgent::State::sign(Shared state, std::shared_ptr<Connection> connection) {
  connection->answer = answer_of(kFailure);
  auto wanted = state->judged(*connection);
  if (!wanted) co_return;
  auto signature = co_await state->keys.sign(wanted->which, std::move(wanted->data), wanted->hash);
  if (!signature) co_return;
  ByteVector out;
  Writer writer(out);
  writer.u8(kSignResponse);
  writer.blob(*signature);
  connection->answer = std::move(out);
}

io::Task<void> SshAgent::State::reply(Shared state, std::shared_ptr<Connection> connection) {
  switch (connection->message[0]) {
    case kRequestIdentities:
      connection->answer = state->identities();
      break;
    case kSignRequest:
      co_await sign(state, connection);
      break;
    case kExtension:
      bind(*connection);
      break;
    default:
      connection->answer = answer_of(kFailure);
  }
}

io::Task<bool> SshAgent::State::receive(std::shared_ptr<Connection> connection) {
  auto& client = connection->client;
  client.set_deadline(Deadline());
  const auto come = co_await client.wait_readable();
  if (!come) co_return false;
  client.set_deadline(client.loop().deadline_in(kPatience));
  std::array<std::uint8_t, 4> head{};
  const auto has_head = co_await read_exactly(client, head);
  if (!has_head) co_return false;
  Reader in(head);
  const std::uint32_t size = in.u32();
  if (size == 0 || size > kMostOctets) co_return false;
  connection->message.assign(size, 0);
  const auto is_whole = co_await read_exactly(client, connection->message);
  co_return is_whole.has_value();
}

io::Task<void> SshAgent::State::serve(Shared state, io::Stream client) {
  const auto connection = std::make_shared<Connection>(std::move(client));
  const auto who = connection->client.peer().unix_pid;
  if (!who || !state->plan.is_of_workroom(*who)) co_return;
  ++state->connections;
  bool goes_on = true;
  while (goes_on) {
    goes_on = co_await receive(connection);
    if (!goes_on) break;
    co_await reply(state, connection);
    ByteVector head;
    Writer(head).u32(static_cast<std::uint32_t>(connection->answer.size()));
    const auto sent = co_await connection->client.write_all(head, connection->answer);
    goes_on = sent.has_value();
  }
  connection->client.abort();
  --state->connections;
}

SshAgent::SshAgent(io::Loop& loop, int fd, const std::shared_ptr<State>& state)
    : state_(state), acceptor_(loop, fd, [&loop, state](io::Stream stream) {
        if (state->connections < kMost) loop.spawn(State::serve(state, std::move(stream)));
      }) {}

SshAgent::~SshAgent() {
  ::unlink(state_->plan.path.c_str());
}

Result<std::unique_ptr<SshAgent>> SshAgent::open(io::Loop& loop, Plan plan, SshKeys& keys) {
  STRONGROOM_TRY(const int fd, io::listen_unix(plan.path));
  // Whoever they are in the workroom; who is of the workroom is asked of the kernel.
  ::chmod(plan.path.c_str(), 0666);
  const auto state = std::make_shared<State>(loop, std::move(plan), keys);
  return std::unique_ptr<SshAgent>(new SshAgent(loop, fd, state));
}

}  // namespace strongroom::workroom
