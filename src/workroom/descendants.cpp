// SPDX-License-Identifier: Apache-2.0
#include "workroom/descendants.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <algorithm>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace strongroom::workroom {
namespace {

/// "pid (name) state parent ... started(22nd)": the name may hold blanks and parentheses, so its
/// end is the last ')'.
bool parse_stat(char* text, Process& out) {
  const char* open = std::strchr(text, '(');
  char* close = std::strrchr(text, ')');
  if (open == nullptr || close == nullptr || close < open || close[1] != ' ') return false;
  out.name.assign(open + 1, static_cast<const char*>(close));
  char* field = close + 2;
  out.is_dead = *field == 'Z' || *field == 'X';
  for (int number = 3; number <= 22; ++number) {
    if (number == 4) out.parent = static_cast<pid_t>(std::strtol(field, nullptr, 10));
    if (number == 22) out.started = std::strtoull(field, nullptr, 10);
    field = std::strchr(field, ' ');
    if (field == nullptr) return number >= 22;
    ++field;
  }
  return true;
}

std::vector<Process> all_processes() {
  std::vector<Process> out;
  DIR* folder = ::opendir("/proc");
  if (folder == nullptr) return out;
  while (const dirent* entry = ::readdir(folder)) {
    char* end = nullptr;
    const long pid = std::strtol(entry->d_name, &end, 10);
    Process process;
    if (pid > 0 && *end == '\0' && read_process(static_cast<pid_t>(pid), process))
      out.push_back(std::move(process));
  }
  ::closedir(folder);
  return out;
}

}  // namespace

bool read_process(pid_t pid, Process& out) {
  char path[32];
  std::snprintf(path, sizeof(path), "/proc/%d/stat", pid);
  const int fd = ::open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return false;
  char text[1024];
  const ssize_t size = ::read(fd, text, sizeof(text) - 1);
  ::close(fd);
  if (size <= 0) return false;
  text[size] = '\0';
  out.pid = pid;
  return parse_stat(text, out);
}

std::vector<Process> living_descendants(pid_t root) {
  std::vector<Process> rest = all_processes();
  std::vector<Process> out;
  std::vector<pid_t> parents{root};
  // Dead ones are followed too: until they are reaped, their children may still name them.
  while (!parents.empty()) {
    const pid_t parent = parents.back();
    parents.pop_back();
    for (const Process& each : rest) {
      if (each.parent != parent || each.pid == root) continue;
      parents.push_back(each.pid);
      if (!each.is_dead) out.push_back(each);
    }
    std::erase_if(rest, [&](const Process& each) { return each.parent == parent; });
  }
  return out;
}

pid_t inner_pid(const Process& process) {
  char path[32];
  std::snprintf(path, sizeof(path), "/proc/%d/status", process.pid);
  const int fd = ::open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return 0;
  char text[4096];
  const ssize_t size = ::read(fd, text, sizeof(text) - 1);
  ::close(fd);
  if (size <= 0) return 0;
  text[size] = '\0';
  // "NSpid:", then one number a namespace, the innermost last.
  char* at = std::strstr(text, "\nNSpid:");
  if (at == nullptr) return 0;
  at += std::strlen("\nNSpid:");
  long last = 0;
  while (*at == '\t' || *at == ' ') last = std::strtol(at, &at, 10);
  return static_cast<pid_t>(last);
}

bool has_socket(pid_t pid, ino_t inode) {
  if (inode == 0) return false;
  char wanted[48];
  std::snprintf(wanted, sizeof(wanted), "socket:[%llu]", static_cast<unsigned long long>(inode));
  char path[32];
  std::snprintf(path, sizeof(path), "/proc/%d/fd", pid);
  DIR* folder = ::opendir(path);
  if (folder == nullptr) return false;
  bool is_found = false;
  while (const dirent* entry = is_found ? nullptr : ::readdir(folder)) {
    char target[48];
    const ssize_t size = ::readlinkat(::dirfd(folder), entry->d_name, target, sizeof(target) - 1);
    if (size <= 0) continue;
    target[size] = '\0';
    is_found = std::strcmp(target, wanted) == 0;
  }
  ::closedir(folder);
  return is_found;
}

bool is_alive(const Process& process) {
  Process now;
  return read_process(process.pid, now) && now.started == process.started && !now.is_dead;
}

void signal_process(const Process& process, int number) {
  // Whoever has this descriptor has a name that is not given to another process.
  const int fd = static_cast<int>(::syscall(SYS_pidfd_open, process.pid, 0));
  if (!is_alive(process)) {
    if (fd >= 0) ::close(fd);
    return;
  }
  if (fd < 0) {  // not offered here
    ::kill(process.pid, number);
    return;
  }
  ::syscall(SYS_pidfd_send_signal, fd, number, nullptr, 0);
  ::close(fd);
}

}  // namespace strongroom::workroom
