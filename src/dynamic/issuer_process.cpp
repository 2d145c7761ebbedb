// SPDX-License-Identifier: Apache-2.0
#include "dynamic/issuer_process.h"

#include <sys/socket.h>
#include <unistd.h>
#include <array>
#include <csignal>

#include "io/net.h"
#include "io/process.h"

namespace strongroom::dynamic {
namespace {

/// All at once: a socket takes more than the longest job.
Status hand_over(int socket, const Job& job) {
  STRONGROOM_TRY(const Secret octets, encode(job));
  const auto sent = octets.reveal([&](ByteView plain) {
    return ::send(socket, plain.data(), plain.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
  });
  if (sent != static_cast<ssize_t>(octets.size()))
    return fail(Code::Unavailable, "the issuer could not be told what to do");
  ::shutdown(socket, SHUT_WR);
  return {};
}

}  // namespace

Result<IssuerProcess> IssuerProcess::start(io::Loop& loop, const std::string& program,
                                           const Job& job) {
  STRONGROOM_TRY(const io::SocketPair pair, io::socket_pair());
  io::Spawn child;
  child.program = program;
  child.descriptors = {{pair.theirs, STDIN_FILENO}};
  const Status told = hand_over(pair.ours, job);
  auto pid = told ? io::spawn(child) : Result<int>(std::unexpected(told.error()));
  ::close(pair.theirs);
  if (!pid) {
    ::close(pair.ours);
    return std::unexpected(std::move(pid).error());
  }
  STRONGROOM_TRY(auto stream, io::Stream::adopt(loop, pair.ours));
  return IssuerProcess(loop, std::move(stream), *pid);
}

io::Task<Result<Outcome>> IssuerProcess::finish(IssuerProcess process, Duration within) {
  process.stream_.set_deadline(Deadline::after(process.loop_->clock(), within));
  std::array<std::uint8_t, kMaxOutcome> buffer;
  std::size_t size = 0;
  Status read;
  while (read && size < buffer.size()) {
    const auto got = co_await process.stream_.read_some(MutableBytes(buffer).subspan(size));
    if (!got) read = std::unexpected(got.error());
    if (!got || *got == 0) break;
    size += *got;
  }
  ::kill(process.pid_, SIGKILL);
  (void)co_await io::exit_of(*process.loop_, process.pid_);
  if (!read && read.error().code == Code::Timeout)
    co_return fail(Code::Timeout, "the source did not answer in time");
  co_return decode_outcome(ByteView(buffer).first(size));
}

}  // namespace strongroom::dynamic
