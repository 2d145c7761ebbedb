// SPDX-License-Identifier: Apache-2.0
#include "io/process/process.h"

#include <fcntl.h>
#include <linux/sched.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include <algorithm>
#include <cerrno>
#include <climits>
#include <csignal>
#include <cstring>

#include "io/descriptor.h"

namespace strongroom::io {
namespace {

/// All that the child needs, made before fork: between fork and exec only async-signal-safe calls
/// are allowed.
struct Prepared {
  std::vector<std::string> arguments;
  std::vector<std::string> environment;
  std::vector<char*> argv;
  std::vector<char*> envp;
  std::vector<std::pair<int, int>> moves;
  int highest = 2;       ///< the last descriptor that stays open
  std::string user_map;  ///< for a user namespace in which everybody stays who they are
  std::string group_map;
};

/// What the child says when it cannot become the program.
enum class Stage : int { Separate, Execute };
struct Failure {
  Stage stage = Stage::Execute;
  int why = 0;
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
  const auto same = [](auto id) { return std::to_string(id) + " " + std::to_string(id) + " 1"; };
  out.user_map = same(::geteuid());
  out.group_map = same(::getegid());
  return out;
}

/// Descriptors first go far above all targets, then to their places, so that no move overwrites
/// another's source.
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
  return ::close_range(static_cast<unsigned>(prepared.highest) + 1, UINT_MAX,
                       CLOSE_RANGE_CLOEXEC) == 0;
}

void reset_signals() {
  for (int number = 1; number < NSIG; ++number) ::signal(number, SIG_DFL);
  sigset_t none;
  sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
}

bool write_whole(const char* path, const char* text, std::size_t size) {
  const int fd = ::open(path, O_WRONLY | O_CLOEXEC);
  if (fd < 0) return false;
  const bool done = ::write(fd, text, size) == static_cast<ssize_t>(size);
  ::close(fd);
  return done;
}

/// In a new user namespace everybody is nobody until the maps are written. Our /proc files belong
/// to root while we are not dumpable, so for these three writes we are; the locked arena is not
/// part of a forked child's memory.
bool keep_identity(const Prepared& prepared) {
  ::prctl(PR_SET_DUMPABLE, 1);
  const bool done =
      write_whole("/proc/self/setgroups", "deny", 4) &&
      write_whole("/proc/self/uid_map", prepared.user_map.data(), prepared.user_map.size()) &&
      write_whole("/proc/self/gid_map", prepared.group_map.data(), prepared.group_map.size());
  const int why = errno;
  ::prctl(PR_SET_DUMPABLE, 0);
  errno = why;
  return done;
}

/// Ours alone from here on; what the machine mounts later still arrives. Without a /proc of its own
/// (masked in some containers) the child sees the outer one: less tidy, not less dead at the end.
bool use_own_mounts() {
  if (::mount("none", "/", nullptr, MS_REC | MS_SLAVE, nullptr) != 0) return false;
  (void)::mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, nullptr);
  return true;
}

[[noreturn]] void give_up(int report, Stage stage) {
  const Failure failure{stage, errno};
  (void)!::write(report, &failure, sizeof(failure));
  ::_exit(127);
}

[[noreturn]] void become(Prepared& prepared, const Spawn& spawn, std::uint64_t namespaces,
                         pid_t parent, int report) {
  reset_signals();
  if (spawn.die_with_parent) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    // A parent outside of our namespace is 0: whoever separates also holds a socket that ends with
    // the parent.
    if (namespaces == 0 && ::getppid() != parent) ::_exit(127);
  }
  if (spawn.group == ProcessGroup::Own) ::setpgid(0, 0);
  if ((namespaces & CLONE_NEWUSER) != 0 && !keep_identity(prepared))
    give_up(report, Stage::Separate);
  if ((namespaces & CLONE_NEWNS) != 0 && !use_own_mounts()) give_up(report, Stage::Separate);
  if (place_descriptors(prepared))
    ::execve(prepared.argv[0], prepared.argv.data(), prepared.envp.data());
  give_up(report, Stage::Execute);
}

/// fork(), with namespaces. The child of the raw call may use nothing that glibc keeps per thread;
/// it does not.
pid_t fork_into(std::uint64_t namespaces) {
  if (namespaces == 0) return ::fork();
  return static_cast<pid_t>(::syscall(SYS_clone, namespaces | SIGCHLD, 0, 0, 0, 0));
}

Error failure_of(const Spawn& spawn, const Failure& failure) {
  const std::string why = std::strerror(failure.why);
  if (failure.stage == Stage::Separate)
    return {Code::Unsupported, "no namespace can be made: " + why};
  return {failure.why == ENOENT ? Code::NotFound : Code::Refused,
          "cannot start " + spawn.program + ": " + why};
}

Result<int> spawn_into(const Spawn& spawn, std::uint64_t namespaces) {
  Prepared prepared = prepare(spawn);
  int report[2];
  if (::pipe2(report, O_CLOEXEC) != 0)
    return fail(Code::Internal, std::string("no pipe can be made: ") + std::strerror(errno));
  // The child's end must survive place_descriptors: far above everything that is placed.
  const int child_end = ::fcntl(report[1], F_DUPFD_CLOEXEC, std::max(64, prepared.highest + 1));
  ::close(report[1]);
  const pid_t parent = ::getpid();
  const pid_t pid = fork_into(namespaces);
  if (pid == 0) become(prepared, spawn, namespaces, parent, child_end);
  const int fork_error = errno;
  ::close(child_end);
  Failure failure;
  ssize_t got = 0;
  do {
    got = pid > 0 ? ::read(report[0], &failure, sizeof(failure)) : 0;
  } while (got < 0 && errno == EINTR);
  ::close(report[0]);
  if (pid < 0) {
    const Code code = namespaces != 0 ? Code::Unsupported : Code::Unavailable;
    return fail(code, std::string("no process can be started: ") + std::strerror(fork_error));
  }
  if (got != sizeof(failure)) return pid;
  while (::waitpid(pid, nullptr, 0) < 0 && errno == EINTR) {
  }
  return std::unexpected(failure_of(spawn, failure));
}

}  // namespace

Result<int> spawn(const Spawn& spawn) {
  if (spawn.separation == Separation::None) return spawn_into(spawn, 0);
  constexpr std::uint64_t kOwn = CLONE_NEWPID | CLONE_NEWNS;
  if (::geteuid() == 0) {
    auto started = spawn_into(spawn, kOwn);
    if (started || started.error().code != Code::Unsupported) return started;
  }
  return spawn_into(spawn, kOwn | CLONE_NEWUSER);
}

Task<Result<int>> exit_of(Loop& loop, int pid) {
  const int fd = static_cast<int>(::syscall(SYS_pidfd_open, pid, 0));
  if (fd < 0)
    co_return fail(Code::Internal,
                   std::string("a child cannot be watched: ") + std::strerror(errno));
  Descriptor descriptor(loop);
  auto watched = descriptor.open(fd);
  if (!watched) co_return std::unexpected(std::move(watched).error());
  descriptor.drained();
  co_await descriptor.readable();
  int status = 0;
  if (::waitpid(pid, &status, 0) != pid)
    co_return fail(Code::Internal, std::string("a child was lost: ") + std::strerror(errno));
  co_return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

Status confine_this_process() {
  const rlimit none{0, 0};
  if (::setrlimit(RLIMIT_CORE, &none) != 0 || ::prctl(PR_SET_DUMPABLE, 0) != 0 ||
      ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
    return fail(Code::Internal,
                std::string("this process cannot be confined: ") + std::strerror(errno));
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
