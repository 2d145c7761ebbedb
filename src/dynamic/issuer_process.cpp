// SPDX-License-Identifier: Apache-2.0
#include "dynamic/issuer_process.h"

#include <sys/socket.h>
#include <unistd.h>
#include <csignal>

#include "dynamic/login.h"
#include "io/net.h"
#include "io/process/one_job.h"
#include "io/process/process.h"

namespace strongroom::dynamic {
namespace {

Status give(int socket, const Job& job) {
  STRONGROOM_TRY(const Secret octets, encode(job));
  if (io::give_job(socket, octets)) return {};
  return fail(Code::Unavailable, "the issuer could not be told what to do");
}

}  // namespace

Result<IssuerProcess> IssuerProcess::start(io::Loop& loop, const std::string& program,
                                           const Job& job) {
  io::Spawn child;
  child.program = program;
  return start(loop, std::move(child), job);
}

Result<IssuerProcess> IssuerProcess::start(io::Loop& loop, const std::string& program,
                                           const Job& job, const OwnedDescriptor& file) {
  io::Spawn child;
  child.program = program;
  child.descriptors = {{file.get(), kHandoverDescriptor}};
  child.die_with_parent = false;
  return start(loop, std::move(child), job);
}

Result<IssuerProcess> IssuerProcess::start(io::Loop& loop, io::Spawn child, const Job& job) {
  STRONGROOM_TRY(const io::SocketPair pair, io::socket_pair());
  child.descriptors.emplace_back(pair.theirs, STDIN_FILENO);
  const Status told = give(pair.ours, job);
  auto pid = told ? io::spawn(child) : Result<int>(std::unexpected(told.error()));
  ::close(pair.theirs);
  if (!pid) {
    ::close(pair.ours);
    return std::unexpected(std::move(pid).error());
  }
  STRONGROOM_TRY(auto stream, io::Stream::adopt(loop, pair.ours));
  return IssuerProcess(loop, std::move(stream), *pid);
}

io::Task<Status> IssuerProcess::wait(Duration within) {
  stream_.set_deadline(Deadline::after(loop_->clock(), within));
  // It answers by one call, of less than a socket takes.
  const Status answered = co_await stream_.wait_readable();
  ::kill(pid_, SIGKILL);
  (void)co_await io::exit_of(*loop_, pid_);
  if (!answered && answered.error().code == Code::Timeout)
    co_return fail(Code::Timeout, "the source did not answer in time");
  co_return Status();
}

Result<Outcome> IssuerProcess::outcome() const {
  Secret said = Secret::of_size(kMaxOutcome);
  const auto size = said.reveal_mutable([&](MutableBytes room) {
    return ::recv(stream_.native_handle(), room.data(), room.size(), MSG_DONTWAIT);
  });
  if (size <= 0) return fail(Code::Unavailable, "the issuer ended without an answer");
  return said.reveal(
      [&](ByteView all) { return decode_outcome(all.first(static_cast<std::size_t>(size))); });
}

}  // namespace strongroom::dynamic
