// SPDX-License-Identifier: Apache-2.0
#include "app/gateway_keeper.h"

#include <sys/wait.h>
#include <unistd.h>
#include <algorithm>
#include <csignal>
#include <utility>

#include "base/log.h"
#include "io/net.h"
#include "io/process/process.h"

namespace strongroom::app {
namespace {
constexpr int kChannelDescriptor = 3;
constexpr int kListenDescriptor = 4;
constexpr int kUnixDescriptor = 5;
constexpr int kSessionSocketsDescriptor = 6;
constexpr std::chrono::seconds kQuick{5};
constexpr std::chrono::milliseconds kFirstPause{50};
constexpr std::chrono::seconds kLongestPause{5};
}  // namespace

GatewayKeeper::GatewayKeeper(io::Loop& loop, Plan plan)
    : loop_(loop), plan_(std::move(plan)), slots_(static_cast<std::size_t>(plan_.processes)) {}

Status GatewayKeeper::start() {
  for (auto& slot : slots_) STRONGROOM_CHECKED(start_one(slot));
  return {};
}

Status GatewayKeeper::start_one(Slot& slot) {
  STRONGROOM_TRY(const io::SocketPair pair, io::socket_pair());
  const auto sockets = plan_.session_sockets();
  if (!sockets) {
    ::close(pair.ours);
    ::close(pair.theirs);
    return std::unexpected(sockets.error());
  }
  io::Spawn child;
  child.program = plan_.program;
  child.descriptors = {{pair.theirs, kChannelDescriptor},
                       {plan_.listening_socket, kListenDescriptor},
                       {plan_.unix_socket, kUnixDescriptor},
                       {*sockets, kSessionSocketsDescriptor}};
  auto pid = io::spawn(child);
  ::close(pair.theirs);
  ::close(*sockets);
  if (!pid) {
    ::close(pair.ours);
    return std::unexpected(std::move(pid).error());
  }
  slot.pid = *pid;
  slot.started = loop_.clock().steady();
  log(LogLevel::Info, "gateway_started", {{"pid", *pid}});
  STRONGROOM_TRY(io::Stream channel, io::Stream::adopt(loop_, pair.ours));
  plan_.on_channel(std::move(channel));
  if (plan_.on_change) plan_.on_change();
  return {};
}

void GatewayKeeper::reap() {
  for (std::size_t i = 0; i < slots_.size(); ++i) {
    int status = 0;
    if (slots_[i].pid < 0 || ::waitpid(slots_[i].pid, &status, WNOHANG) != slots_[i].pid) continue;
    log(restarting_ ? LogLevel::Warning : LogLevel::Info, "gateway_ended",
        {{"pid", slots_[i].pid},
         {"exit", WIFEXITED(status) ? WEXITSTATUS(status) : -1},
         {"signal", WIFSIGNALED(status) ? WTERMSIG(status) : 0}});
    slots_[i].pid = -1;
    if (restarting_) restart_later(i);
  }
}

void GatewayKeeper::restart_later(std::size_t index) {
  auto& slot = slots_[index];
  slot.quick_ends = loop_.clock().steady() - slot.started < kQuick ? slot.quick_ends + 1 : 0;
  if (slot.quick_ends <= 1) {
    if (start_one(slot)) return;
  }
  const Duration pause =
      std::min<Duration>(kLongestPause, kFirstPause * (1L << std::min(slot.quick_ends, 8)));
  loop_.spawn(restart_after(index, pause));
}

io::Task<void> GatewayKeeper::restart_after(std::size_t index, Duration pause) {
  co_await loop_.sleep(pause);
  if (!restarting_ || slots_[index].pid >= 0) co_return;
  const auto started = start_one(slots_[index]);
  if (started) co_return;
  log(LogLevel::Error, "gateway_start_failed", {{"why", started.error().message}});
  restart_later(index);
}

void GatewayKeeper::stop_restarting() {
  restarting_ = false;
  // With the gateways' own copies closed as well, new connections are refused instead of waiting
  // for nobody.
  for (int* const socket : {&plan_.listening_socket, &plan_.unix_socket})
    if (*socket >= 0) ::close(std::exchange(*socket, -1));
}

void GatewayKeeper::signal_all(int number) {
  for (const auto& slot : slots_)
    if (slot.pid >= 0) ::kill(slot.pid, number);
}

std::vector<int> GatewayKeeper::pids() const {
  std::vector<int> out;
  for (const auto& slot : slots_)
    if (slot.pid >= 0) out.push_back(slot.pid);
  return out;
}

}  // namespace strongroom::app
