// What the machine gives. SPDX-License-Identifier: Apache-2.0
#include <linux/magic.h>
#include <sched.h>
#include <sys/socket.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstring>
#include <fstream>
#include <limits>
#include <sstream>

#include "app/doctor/checks.h"
#include "workroom/docker/engine.h"
#include "workroom/programs.h"

namespace strongroom::app {
namespace {

constexpr std::uint64_t kFewDescriptors = 256;
constexpr std::uint64_t kEnoughDescriptors = 4096;
constexpr std::uint64_t kLockedMemory = 8UL << 20U;
constexpr unsigned kLockAtWill = 14;  ///< CAP_IPC_LOCK
constexpr unsigned kVersionOfLandlock = 1;

/// The rest of the line of a file of /proc that begins with `start`.
std::string line_of(const std::string& file, const std::string& start) {
  std::ifstream lines(file);
  for (std::string line; std::getline(lines, line);)
    if (line.starts_with(start)) return line.substr(start.size());
  return {};
}

/// "Max open files  1024  4096  files": the first number, as it is in force.
std::uint64_t limit_of(const std::string& process, const std::string& name) {
  std::istringstream words(line_of("/proc/" + process + "/limits", name));
  std::string word;
  words >> word;
  std::uint64_t out = 0;
  if (word == "unlimited") return std::numeric_limits<std::uint64_t>::max();
  std::istringstream(word) >> out;
  return out;
}

bool may_lock_at_will(const std::string& process) {
  std::uint64_t capabilities = 0;
  std::istringstream(line_of("/proc/" + process + "/status", "CapEff:")) >> std::hex >>
      capabilities;
  return ((capabilities >> kLockAtWill) & 1U) != 0;
}

std::string in_words(std::uint64_t limit) {
  return limit == std::numeric_limits<std::uint64_t>::max() ? "no limit" : std::to_string(limit);
}

/// In a child, as there is no way back.
bool has_user_namespaces() {
  const pid_t child = ::fork();
  if (child == 0) ::_exit(::unshare(CLONE_NEWUSER) == 0 ? 0 : 1);
  int status = 0;
  return child > 0 && ::waitpid(child, &status, 0) == child && status == 0;
}

bool has_hidden_memory() {
  const long fd = ::syscall(SYS_memfd_secret, 0);
  if (fd >= 0) ::close(static_cast<int>(fd));
  return fd >= 0;
}

bool answers(const std::string& socket_path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (socket_path.size() >= sizeof(address.sun_path)) return false;
  std::memcpy(address.sun_path, socket_path.data(), socket_path.size());
  const int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const bool is_there =
      ::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0;
  ::close(fd);
  return is_there;
}

}  // namespace

void check_limits(const Place& place, Findings& findings) {
  const std::string process = place.server ? std::to_string(*place.server) : "self";
  const auto files = limit_of(process, "Max open files");
  const std::string descriptors = in_words(files) + " descriptors a process";
  const char* more = "LimitNOFILE=65536 in its unit, or ulimit -n 65536 before it is started";
  if (files < kFewDescriptors)
    findings.wrong("descriptors", descriptors, more);
  else if (files < kEnoughDescriptors)
    findings.note("descriptors", descriptors + ": a stream takes two to four", more);
  else
    findings.fine("descriptors", descriptors);
  const auto locked = limit_of(process, "Max locked memory");
  if (locked >= kLockedMemory || may_lock_at_will(process))
    findings.fine("locked_memory", "values of keys stay out of the swap");
  else
    findings.wrong("locked_memory",
                   in_words(locked) +
                       " octets may be locked, 8 MiB are wanted: values of keys may "
                       "get into the swap",
                   "LimitMEMLOCK=16M in its unit, or ulimit -l 16384 before it is started");
}

void check_kernel(Findings& findings) {
  if (has_hidden_memory())
    findings.fine("memfd_secret", "values lie in memory that the kernel does not map");
  else
    findings.note("memfd_secret", "not here: values lie in locked memory that root can read",
                  "Linux 5.14 or later, with secretmem.enable=1");
  if (::syscall(SYS_landlock_create_ruleset, nullptr, 0, kVersionOfLandlock) >= 1)
    findings.fine("landlock", "the gateway can be kept from files");
  else
    findings.note("landlock", "not here: the gateway is limited in its system calls alone",
                  "a kernel with Landlock (lsm=landlock,...)");
  struct statfs groups{};
  const bool is_v2 =
      ::statfs("/sys/fs/cgroup", &groups) == 0 && groups.f_type == CGROUP2_SUPER_MAGIC;
  if (is_v2)
    findings.fine("cgroup_v2", "limits of containers can be set");
  else
    findings.note("cgroup_v2", "not here: --memory and --pids-limit need it",
                  "mount cgroup2 at /sys/fs/cgroup");
  if (has_user_namespaces())
    findings.fine("user_namespaces", "workrooms get namespaces of their own");
  else
    findings.note(
        "user_namespaces",
        "not here: the process runtime leaves nothing behind by following processes alone",
        "sysctl user.max_user_namespaces, kernel.unprivileged_userns_clone=1");
}

void check_runtimes(Findings& findings) {
  std::string found = "process";
  if (workroom::find_program("runc")) found += ", runc";
  const auto socket = workroom::docker::Engine::find_socket("");
  if (socket && answers(*socket)) found += ", docker";
  if (found == "process")
    return findings.note("runtimes", "workrooms can be processes alone",
                         "install runc, or a Docker Engine, for containers");
  findings.fine("runtimes", "workrooms can be by " + found);
}

}  // namespace strongroom::app
