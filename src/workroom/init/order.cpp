// SPDX-License-Identifier: Apache-2.0
#include "workroom/init/order.h"

#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <string>
#include <utility>

#include "workroom/passed_descriptors.h"

namespace strongroom::workroom {
namespace {

/// Where the command may be: itself when it names a path, else every folder of the workroom's own
/// PATH.
std::vector<std::string> candidates(const Order& order) {
  const std::string name = order.arguments[0];
  if (name.find('/') != std::string::npos) return {name};
  std::string path = "/usr/local/bin:/usr/bin:/bin";
  for (const char* variable : order.variables)
    if (variable != nullptr && std::strncmp(variable, "PATH=", 5) == 0) path = variable + 5;
  std::vector<std::string> out;
  for (std::size_t start = 0; start <= path.size();) {
    const std::size_t colon = std::min(path.find(':', start), path.size());
    if (colon > start) out.push_back(path.substr(start, colon - start) + "/" + name);
    start = colon + 1;
  }
  return out;
}

/// In the vfork'ed child, which shares our memory: nothing but system calls. Comes back only when
/// nothing could be executed, and says why.
int execute(const std::vector<std::string>& places, const Order& order,
            std::vector<char*>& script) {
  int why = ENOENT;
  for (const std::string& place : places) {
    ::execve(place.c_str(), order.arguments.data(), order.variables.data());
    if (errno == ENOEXEC) {  // a script without "#!": the shell's, as execvp does
      script[1] = const_cast<char*>(place.c_str());
      ::execve("/bin/sh", script.data(), order.variables.data());
    }
    if (errno == ENOENT || errno == ENOTDIR) continue;
    why = errno;
    if (errno != EACCES) break;
  }
  return why;
}

/// Not below kFirst, where the places of standard streams are.
int moved_up(int fd) {
  constexpr int kFirst = 10;
  const int moved = ::fcntl(fd, F_DUPFD_CLOEXEC, kFirst);
  ::close(fd);
  return moved;
}

/// In the vfork'ed child. A terminal of the command's own controls its session, for Ctrl-C and job
/// control.
void take_streams(const Order& order) {
  if (order.streams[0] < 0) return;
  if (order.is_terminal) ::setsid();
  for (std::size_t place = 0; place < order.streams.size(); ++place)
    ::dup2(order.streams[place], static_cast<int>(place));
  if (order.is_terminal) ::ioctl(0, TIOCSCTTY, 0);
}

/// System calls themselves: the library's functions would change every thread of process 1, whose
/// memory we share.
int become(const Order& order) {
  if (!order.has_user) return 0;
  const gid_t group = order.group;
  if (::syscall(SYS_setgroups, 1, &group) != 0 ||
      ::syscall(SYS_setresgid, group, group, group) != 0 ||
      ::syscall(SYS_setresuid, order.user, order.user, order.user) != 0)
    return errno;
  return 0;
}

}  // namespace

bool read_exactly(int fd, void* into, std::size_t size) {
  auto* at = static_cast<char*>(into);
  while (size > 0) {
    const ssize_t got = ::read(fd, at, size);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return false;
    at += got;
    size -= static_cast<std::size_t>(got);
  }
  return true;
}

bool read_head(int fd, WireHead& head, Order& order) {
  const ReceivedWith got = receive_with(fd, &head, sizeof(head), order.streams);
  if (got.octets <= 0 || got.is_cut) return false;
  if (got.descriptors != 0 && got.descriptors != kWireStreams) return false;
  if (got.descriptors != 0)
    for (int& each : order.streams) each = moved_up(each);
  const auto had = static_cast<std::size_t>(got.octets);
  if (!read_exactly(fd, reinterpret_cast<char*>(&head) + had, sizeof(head) - had)) return false;
  return head.streams == got.descriptors;
}

bool parse(const WireHead& head, const LockedPages& pages, Order& order) {
  std::vector<char*> texts;
  char* at = pages.data();
  char* const end = at + head.size;
  while (at < end) {
    auto* stop = static_cast<char*>(std::memchr(at, '\0', static_cast<std::size_t>(end - at)));
    if (stop == nullptr) return false;
    texts.push_back(at);
    at = stop + 1;
  }
  if (head.arguments == 0 ||
      texts.size() != std::size_t{1} + head.arguments + head.variables + head.relays)
    return false;
  order.directory = texts[0];
  const auto first_variable = texts.begin() + 1 + head.arguments;
  const auto first_relay = first_variable + head.variables;
  order.arguments.assign(texts.begin() + 1, first_variable);
  order.variables.assign(first_variable, first_relay);
  order.relays.assign(first_relay, texts.end());
  order.has_user = head.has_user != 0;
  order.user = head.user;
  order.group = head.group;
  order.is_terminal = head.is_terminal != 0;
  order.arguments.push_back(nullptr);
  order.variables.push_back(nullptr);
  return true;
}

/// vfork: until exec the child runs in our own locked pages, so that no copy of them is made.
pid_t start(Order& order, bool leads_group, int& why) {
  const std::vector<std::string> places = candidates(order);
  std::vector<char*> script{const_cast<char*>("/bin/sh"), nullptr};
  script.insert(script.end(), order.arguments.begin() + 1, order.arguments.end());
  sigset_t none;
  sigemptyset(&none);
  volatile int exec_error = 0;
  volatile int user_error = 0;
  const pid_t pid = ::vfork();
  if (pid == 0) {
    take_streams(order);  // who leads a group leads no session any more
    if (leads_group) ::setpgid(0, 0);
    // Ignored by whoever started the runner (nohup, a shell's `&`, a library): no wish of ours.
    for (const int each : {SIGINT, SIGQUIT, SIGHUP, SIGPIPE}) ::signal(each, SIG_DFL);
    ::sigprocmask(SIG_SETMASK, &none, nullptr);
    user_error = become(order);
    if (user_error == 0) exec_error = execute(places, order, script);
    ::_exit(127);
  }
  for (int& each : order.streams)
    if (each >= 0) ::close(std::exchange(each, -1));
  why = pid < 0 ? errno : exec_error != 0 ? exec_error : user_error;
  if (pid > 0 && why != 0) ::waitpid(pid, nullptr, 0);
  if (why != 0) return user_error != 0 ? kNoUser : -1;
  return pid;
}

}  // namespace strongroom::workroom
