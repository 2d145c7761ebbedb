// SPDX-License-Identifier: Apache-2.0
#include "workroom/docker/running_container.h"

#include <sys/socket.h>
#include <unistd.h>
#include <csignal>
#include <utility>

#include "base/log.h"
#include "workroom/descendants.h"
#include "workroom/docker/container.h"
#include "workroom/wire.h"

namespace strongroom::workroom::docker {
namespace {

/// An engine that is started again is back by then.
constexpr std::chrono::seconds kRemoveWithin{10};
constexpr std::chrono::seconds kRemoveNowWithin{5};
constexpr int kKilled = 128 + SIGKILL;

void say_what_is_left(const std::string& id, const Error& why) {
  log(LogLevel::Warning, "container_not_removed",
      {{"container", id}, {"why", why.message}, {"mend", "docker rm --force --volumes " + id}});
}

}  // namespace

RunningContainer::RunningContainer(std::shared_ptr<Engine> engine, std::string id,
                                   HandedStreams streams)
    : engine_(std::move(engine)),
      id_(std::move(id)),
      streams_(std::move(streams)),
      process_(engine_->loop()) {}

RunningContainer::~RunningContainer() {
  if (process_.is_open()) process_.send(SIGKILL);
  if (wire_ >= 0) ::close(wire_);  // init leaves by itself where we may not kill it
  if (!is_removed_) remove_now();
}

Status RunningContainer::adopt(pid_t pid) {
  STRONGROOM_CHECKED(process_.open(pid));
  // Looked at through the handle's process: what has its number is not another's.
  Process process;
  process.pid = pid;
  if (inner_pid(process) != 1)
    return fail(Code::Protocol, "the engine's container is not of this machine");
  pid_ = pid;
  return {};
}

void RunningContainer::kill() noexcept {
  is_killed_ = true;
  if (process_.is_open() && process_.send(SIGKILL)) return;
  // Not ours to kill: init takes it that we are gone, and leaves with all of its namespace.
  if (wire_ >= 0) ::shutdown(wire_, SHUT_RDWR);
  if (std::exchange(*is_kill_asked_, true)) return;
  engine_->loop().spawn(kill_by_engine(engine_, id_, is_kill_asked_));
}

io::Task<void> RunningContainer::kill_by_engine(std::shared_ptr<Engine> engine, std::string id,
                                                std::shared_ptr<bool> is_asked) {
  (void)co_await kill_container(*engine, std::move(id));
  *is_asked = false;
}

io::Task<int> RunningContainer::exited() {
  streams_.let_go();
  co_await process_.ended();
  WireFarewell farewell;
  int status = kKilled;
  if (::recv(wire_, &farewell, sizeof(farewell), MSG_DONTWAIT) == sizeof(farewell)) {
    status = static_cast<int>(farewell.status);
  } else if (!is_killed_) {
    const auto told = co_await status_of_container(*engine_, id_);
    if (told) status = *told;
  }
  co_await streams_.drained();
  co_return status;
}

io::Task<void> RunningContainer::remove() {
  is_removed_ = true;
  const Status removed = co_await remove_container(*engine_, id_, kRemoveWithin);
  if (!removed) say_what_is_left(id_, removed.error());
}

/// On a loop of its own: this is for starts that failed, when nothing else is under way.
void RunningContainer::remove_now() noexcept {
  io::Loop loop(engine_->loop().clock());
  Engine engine = engine_->on(loop);
  loop.spawn([](io::Loop& own, Engine& asked, std::string id) -> io::Task<void> {
    const Status removed = co_await remove_container(asked, id, kRemoveNowWithin);
    if (!removed) say_what_is_left(id, removed.error());
    own.stop();
  }(loop, engine, id_));
  loop.run();
}

}  // namespace strongroom::workroom::docker
