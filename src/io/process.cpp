// SPDX-License-Identifier: Apache-2.0
#include "io/process.h"

#include <algorithm>
#include <cerrno>
#include <climits>
#include <csignal>
#include <cstring>
#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

namespace strongroom::io {
namespace {

/// All that the child needs, made before fork: between fork and exec only async-signal-safe calls are allowed.
struct Prepared {
  std::vector<std::string> arguments;
  std::vector<std::string> environment;
  std::vector<char*> argv;
  std::vector<char*> envp;
  std::vector<std::pair<int, int>> moves;
  int highest = 2;  ///< the last descriptor that stays open
};

Prepared prepare(const Spawn& spawn) {
  Prepared out;
  out.arguments.push_back(spawn.program);
  out.arguments.insert(out.arguments.end(), spawn.arguments.begin(), spawn.arguments.end());
  for (const auto& [name, value] : spawn.environment) out.environment.push_back(name + "=" + value);
  for (auto& text : out.arguments) out.argv.push_back(text.data());
  for (auto& text : out.environment) out.envp.push_back(text.data());
  out.argv.push_back(nullptr);
  out.envp.push_back(nullptr);
  out.moves = spawn.descriptors;
  for (const auto& [ours, theirs] : out.moves) out.highest = std::max(out.highest, theirs);
  return out;
}

/// Descriptors first go far above all targets, then to their places, so that no move overwrites another's source.
bool place_descriptors(Prepared& prepared) {
  for (auto& [ours, theirs] : prepared.moves) {
    ours = ::fcntl(ours, F_DUPFD_CLOEXEC, prepared.highest + 1);
    if (ours < 0) return false;
  }
  for (const auto& [ours, theirs] : prepared.moves)
    if (::dup2(ours, theirs) < 0) return false;
  for (int fd = 3; fd <= prepared.highest; ++fd) {
    bool is_wanted = false;
    for (const auto& move : prepared.moves) is_wanted = is_wanted || move.second == fd;
    if (!is_wanted) ::close(fd);
  }
  return ::close_range(static_cast<unsigned>(prepared.highest) + 1, UINT_MAX, CLOSE_RANGE_CLOEXEC) == 0;
}

void reset_signals() {
  sigset_t none;
  sigemptyset(&none);
  for (int number = 1; number < NSIG; ++number) ::signal(number, SIG_DFL);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
}

[[noreturn]] void become(Prepared& prepared, const Spawn& spawn, pid_t parent, int report) {
  reset_signals();
  if (spawn.die_with_parent) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (::getppid() != parent) ::_exit(127);
  }
  if (place_descriptors(prepared)) ::execve(prepared.argv[0], prepared.argv.data(), prepared.envp.data());
  const int why = errno;
  (void)!::write(report, &why, sizeof(why));
  ::_exit(127);
}

}  // namespace

Result<int> spawn(const Spawn& spawn) {
  Prepared prepared = prepare(spawn);
  int report[2];
  if (::pipe2(report, O_CLOEXEC) != 0) return fail(Code::Internal, std::string("no pipe can be made: ") + std::strerror(errno));
  // The child's end must survive place_descriptors: far above everything that is placed.
  const int child_end = ::fcntl(report[1], F_DUPFD_CLOEXEC, std::max(64, prepared.highest + 1));
  ::close(report[1]);
  const pid_t parent = ::getpid();
  const pid_t pid = ::fork();
  if (pid == 0) become(prepared, spawn, parent, child_end);
  ::close(child_end);
  int why = 0;
  const ssize_t got = pid > 0 ? ::read(report[0], &why, sizeof(why)) : -1;
  ::close(report[0]);
  if (pid < 0) return fail(Code::Internal, std::string("no process can be started: ") + std::strerror(errno));
  if (got == sizeof(why)) return fail(Code::NotFound, "cannot start " + spawn.program + ": " + std::strerror(why));
  return pid;
}

Status confine_this_process() {
  const rlimit none{0, 0};
  if (::setrlimit(RLIMIT_CORE, &none) != 0 || ::prctl(PR_SET_DUMPABLE, 0) != 0 || ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
    return fail(Code::Internal, std::string("this process cannot be confined: ") + std::strerror(errno));
  return {};
}

Result<std::string> own_directory() {
  char path[PATH_MAX];
  const ssize_t size = ::readlink("/proc/self/exe", path, sizeof(path));
  if (size <= 0) return fail(Code::Internal, "the program's own folder is unknown");
  const std::string whole(path, static_cast<std::size_t>(size));
  return whole.substr(0, whole.rfind('/'));
}

}  // namespace strongroom::io
