// SPDX-License-Identifier: Apache-2.0
#include "external_seal/sealer_process.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>
#include <csignal>

#include "io/net.h"
#include "io/process/one_job.h"
#include "io/process/process.h"
#include "io/stream.h"

namespace strongroom::external_seal {
namespace {

std::unexpected<Error> not_started(const std::string& why) {
  return fail(Code::Sealed, "The process that uses external seals cannot be started: " + why,
              std::string(kUnreachable));
}

Status give(int socket, const Job& job) {
  STRONGROOM_TRY(const Secret octets, encode(job));
  return io::give_job(socket, octets) ? Status() : not_started("it took no job");
}

/// What a module is configured by; nothing else of ours.
std::vector<std::pair<std::string, std::string>> environment_of(const Settings& settings) {
  std::vector<std::pair<std::string, std::string>> out;
  for (const auto& each : settings.all("environment")) {
    const auto end = each.find('=');
    if (end != std::string::npos) out.emplace_back(each.substr(0, end), each.substr(end + 1));
  }
  return out;
}

}  // namespace

Result<SealerProcess> SealerProcess::start(const std::string& program, const Job& job) {
  STRONGROOM_TRY(const io::SocketPair pair, io::socket_pair());
  auto ours = std::make_unique<OwnedDescriptor>(pair.ours);
  const OwnedDescriptor theirs(pair.theirs);
  STRONGROOM_CHECKED(give(ours->get(), job));
  io::Spawn child;
  child.program = program;
  child.environment = environment_of(job.settings);
  child.descriptors = {{theirs.get(), STDIN_FILENO}};
  const auto pid = io::spawn(child);
  if (!pid) return not_started(pid.error().message);
  return SealerProcess(std::move(ours), *pid, job.action);
}

SealerProcess::~SealerProcess() {
  if (socket_) end();
}

void SealerProcess::end() {
  if (pid_ < 0) return;
  ::kill(pid_, SIGKILL);
  (void)::waitpid(pid_, nullptr, 0);
  pid_ = -1;
}

/// It answers by one call, of less than a socket takes.
io::Task<void> SealerProcess::wait(io::Loop& loop) {
  auto watched = io::Stream::adopt(loop, ::fcntl(socket_->get(), F_DUPFD_CLOEXEC, 0));
  if (!watched) co_return;
  watched->set_deadline(loop.deadline_in(kPatience));
  (void)co_await watched->wait_readable();
}

void SealerProcess::wait_here() const {
  pollfd watched{socket_->get(), POLLIN, 0};
  (void)::poll(&watched, 1, static_cast<int>(std::chrono::milliseconds(kPatience).count()));
}

Result<Outcome> SealerProcess::outcome() {
  Secret said = Secret::of_size(kMaxOutcome);
  const auto size = said.reveal_mutable([&](MutableBytes room) {
    return ::recv(socket_->get(), room.data(), room.size(), MSG_DONTWAIT);
  });
  end();
  if (size < 0)
    return fail(Code::Sealed, "What holds the seal's key did not answer within 10 s.",
                std::string(kUnreachable));
  return said.reveal([&](ByteView all) {
    return decode_outcome(all.first(static_cast<std::size_t>(size)), action_);
  });
}

}  // namespace strongroom::external_seal
