// SPDX-License-Identifier: Apache-2.0
#include "app/supervisor_process.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>
#include <algorithm>
#include <chrono>
#include <filesystem>

#include "base/log.h"
#include "io/net.h"
#include "io/process/process.h"
#include "workroom/runc_runtime.h"
#include "workroom/session_folder.h"
#include "workroom/supervision_record.h"

namespace strongroom::app {
namespace {

constexpr int kWire = 3;
constexpr int kLock = 4;
constexpr std::chrono::seconds kBeginWithin{5};
constexpr std::chrono::seconds kDeadWithin{3};

bool wait_readable(int fd, std::chrono::steady_clock::time_point until) {
  const auto left =
      std::chrono::ceil<std::chrono::milliseconds>(until - std::chrono::steady_clock::now());
  pollfd look{fd, POLLIN, 0};
  return ::poll(&look, 1, static_cast<int>(std::max<long>(0, left.count()))) == 1;
}

/// "ses_x-supervised" → "ses_x"
std::string session_in(const std::string& name) {
  return name.substr(0, name.find('-'));
}

}  // namespace

Result<BegunSupervisor> start_supervisor(std::vector<std::string> arguments, int lock) {
  STRONGROOM_TRY(const auto programs, io::own_directory());
  STRONGROOM_TRY(const io::SocketPair pair, io::socket_pair());
  for (const int end : {pair.ours, pair.theirs}) ::fcntl(end, F_SETFL, 0);  // both wait
  const int nothing = ::open("/dev/null", O_RDWR | O_CLOEXEC);
  io::Spawn child;
  child.program = programs + "/strongroom-supervisor";
  child.arguments = std::move(arguments);
  child.descriptors = {
      {nothing, 0}, {nothing, 1}, {nothing, 2}, {pair.theirs, kWire}, {lock, kLock}};
  child.die_with_parent = false;
  child.group = io::ProcessGroup::Own;
  const auto started = io::spawn(child);
  ::close(nothing);
  ::close(pair.theirs);
  BegunSupervisor out{pair.ours, 0};
  if (started) ::waitpid(*started, nullptr, 0);
  const bool has_begun =
      started && wait_readable(pair.ours, std::chrono::steady_clock::now() + kBeginWithin) &&
      ::recv(pair.ours, &out.pid, sizeof(out.pid), MSG_WAITALL) == sizeof(out.pid);
  if (has_begun) return out;
  ::close(pair.ours);
  if (!started) return std::unexpected(started.error());
  return fail(Code::Unavailable, "the workroom's supervisor did not begin");
}

void end_abandoned() {
  const std::string root = workroom::SessionFolder::root_folder();
  std::vector<int> wires;
  const auto is_supervised = [&](const std::string& name) {
    std::error_code problem;
    return std::filesystem::exists(root + "/" + session_in(name) + workroom::kSupervisionSuffix,
                                   problem);
  };
  const auto end = [&](const std::string& path, int lock) {
    const std::string name = path.substr(path.rfind('/') + 1);
    if (name.ends_with(workroom::kSupervisionSuffix)) {
      const auto begun = start_supervisor({"--left", path}, lock);
      if (begun) wires.push_back(begun->wire);
      if (!begun)
        log(LogLevel::Warning, "workroom_left", {{"folder", path}, {"why", begun.error().message}});
      return workroom::SessionFolder::Abandoned::Keep;
    }
    if (is_supervised(name)) return workroom::SessionFolder::Abandoned::Keep;
    workroom::RuncRuntime::remove_abandoned(path);
    return workroom::SessionFolder::Abandoned::Remove;
  };
  workroom::SessionFolder::clear_abandoned(root, end);
  const auto until = std::chrono::steady_clock::now() + kDeadWithin;
  for (const int wire : wires) {
    char unused = 0;
    while (wait_readable(wire, until) && ::recv(wire, &unused, 1, MSG_DONTWAIT) > 0) {
    }
    ::close(wire);
  }
}

}  // namespace strongroom::app
