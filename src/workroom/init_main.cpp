// strongroom-init: process 1 of a workroom. It hands the variables to the command, reaps, forwards
// signals, and ends with the command's status; with it ends everything else in the workroom.
//
// Static, no third party, small on purpose: it runs inside workrooms of any kind. It is not
// dumpable; the variables lie in locked memory until the command runs, then they are wiped here.
// Where it is not process 1 (no namespace to be had) it is a subreaper and ends its descendants
// itself. SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <ctime>
#include <fcntl.h>
#include <poll.h>
#include <string>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>
#include <vector>

#include "workroom/descendants.h"
#include "workroom/wire.h"

namespace strongroom::workroom {
namespace {

constexpr int kLost = 128 + SIGKILL;
/// How long what the command left behind may take to leave by itself.
constexpr int kLeaveWithinMs = 500;

/// Pages that are neither swapped nor dumped, and are zero again when given back.
class LockedPages {
 public:
  explicit LockedPages(std::size_t size) : size_(size) {
    void* memory =
        ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) return;
    data_ = static_cast<char*>(memory);
    // Over the limit of locked memory it is still not dumped, and wiped after milliseconds.
    (void)::mlock(memory, size);
    (void)::madvise(memory, size, MADV_DONTDUMP);
  }
  LockedPages(const LockedPages&) = delete;
  LockedPages& operator=(const LockedPages&) = delete;
  ~LockedPages() {
    if (data_ == nullptr) return;
    ::explicit_bzero(data_, size_);
    ::munmap(data_, size_);
  }
  [[nodiscard]] char* data() const { return data_; }
  [[nodiscard]] std::size_t size() const { return size_; }

 private:
  char* data_ = nullptr;
  std::size_t size_;
};

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

[[noreturn]] void leave(WireAnswer::What what, int why) {
  const WireAnswer answer{what, why};
  (void)::send(kWireDescriptor, &answer, sizeof(answer), MSG_NOSIGNAL);
  ::_exit(127);
}

/// Points into the locked pages.
struct Order {
  const char* directory = "";
  std::vector<char*> arguments;
  std::vector<char*> variables;
};

/// Exactly the texts that the head announces, each with its NUL, and nothing after.
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
  if (head.arguments == 0 || texts.size() != std::size_t{1} + head.arguments + head.variables)
    return false;
  order.directory = texts[0];
  const auto first_variable = texts.begin() + 1 + head.arguments;
  order.arguments.assign(texts.begin() + 1, first_variable);
  order.variables.assign(first_variable, texts.end());
  order.arguments.push_back(nullptr);
  order.variables.push_back(nullptr);
  return true;
}

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

/// vfork: until exec the child runs in our own locked pages, so that no copy of them is made.
pid_t start(const Order& order, bool leads_group, int& why) {
  const std::vector<std::string> places = candidates(order);
  std::vector<char*> script{const_cast<char*>("/bin/sh"), nullptr};
  script.insert(script.end(), order.arguments.begin() + 1, order.arguments.end());
  sigset_t none;
  sigemptyset(&none);
  volatile int exec_error = 0;
  const pid_t pid = ::vfork();
  if (pid == 0) {
    if (leads_group) ::setpgid(0, 0);
    ::sigprocmask(SIG_SETMASK, &none, nullptr);
    exec_error = execute(places, order, script);
    ::_exit(127);
  }
  why = pid < 0 ? errno : exec_error;
  if (pid > 0 && why != 0) ::waitpid(pid, nullptr, 0);
  return why == 0 ? pid : -1;
}

/// Takes the order, starts the command, wipes.
pid_t receive_and_start(bool leads_group) {
  WireHead head;
  if (!read_exactly(kWireDescriptor, &head, sizeof(head)) || head.version != kWireVersion ||
      head.size == 0 || head.size > kWireLimit)
    leave(WireAnswer::What::Malformed, EPROTO);
  const LockedPages pages(head.size);
  Order order;
  if (pages.data() == nullptr || !read_exactly(kWireDescriptor, pages.data(), head.size) ||
      !parse(head, pages, order))
    leave(WireAnswer::What::Malformed, EPROTO);
  if (*order.directory != '\0' && ::chdir(order.directory) != 0)
    leave(WireAnswer::What::NoDirectory, errno);
  int why = 0;
  const pid_t command = start(order, leads_group, why);
  if (command < 0) leave(WireAnswer::What::NoCommand, why);
  return command;
}

long now_ms() {
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * 1000 + now.tv_nsec / 1'000'000;
}

class Init {
 public:
  Init(pid_t command, int signals, bool is_first)
      : command_(command), signals_(signals), is_first_(is_first) {}

  [[noreturn]] void run() {
    for (;;) {
      pollfd waits[2] = {{signals_, POLLIN, 0}, {kWireDescriptor, POLLIN, 0}};
      const int ready = ::poll(waits, 2, time_left());
      if (ready < 0 && errno != EINTR) ::_exit(kLost);
      if (waits[0].revents != 0) take_signals();
      if (waits[1].revents != 0) take_order();
      reap();
      if (has_ended_ && (is_alone() || (!is_being_ended_ && now_ms() >= leave_at_))) finish();
    }
  }

 private:
  int time_left() const {
    if (!has_ended_ || is_being_ended_) return is_first_ || !has_ended_ ? -1 : 50;
    return static_cast<int>(std::max(0L, std::min(50L, leave_at_ - now_ms())));
  }

  void take_signals() {
    signalfd_siginfo info{};
    while (::read(signals_, &info, sizeof(info)) == sizeof(info)) {
      const int number = static_cast<int>(info.ssi_signo);
      // What the kernel sends (the terminal's Ctrl-C) goes to the whole group, so the command has
      // it already; so it is with what the workroom sends to its own group (kill 0).
      const bool is_news = info.ssi_code <= 0 && !is_own(static_cast<pid_t>(info.ssi_pid));
      if (number != SIGCHLD && is_news && !has_ended_) ::kill(command_, number);
    }
  }

  /// Did one of us send it? From outside of a namespace, the sender is 0.
  bool is_own(pid_t sender) const {
    if (is_first_) return sender != 0;
    const auto all = living_descendants(::getpid());
    return std::any_of(all.begin(), all.end(),
                       [sender](const Process& each) { return each.pid == sender; });
  }

  void take_order() {
    std::uint8_t order = 0;
    const ssize_t got = ::recv(kWireDescriptor, &order, 1, MSG_DONTWAIT);
    if (got < 0 && (errno == EAGAIN || errno == EINTR)) return;
    if (got <= 0) abandon();
    if (order == kWireEnd)
      is_being_ended_ = true;
    else if (!has_ended_)
      ::kill(command_, order);
  }

  /// The runner is gone: nobody is left to be revoked to. As process 1 we take all with us.
  [[noreturn]] void abandon() {
    if (!is_first_) kill_descendants();
    ::_exit(kLost);
  }

  void reap() {
    int status = 0;
    for (pid_t pid = 0; (pid = ::waitpid(-1, &status, WNOHANG)) > 0;) {
      if (pid != command_ || has_ended_) continue;
      has_ended_ = true;
      status_ = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
      leave_at_ = now_ms() + kLeaveWithinMs;
      if (!is_being_ended_) signal_rest(SIGTERM);
    }
  }

  /// All processes of a namespace descend from its first; so no child means nobody.
  bool is_alone() const {
    if (is_first_)
      return ::waitid(P_ALL, 0, nullptr, WEXITED | WNOHANG | WNOWAIT) != 0 && errno == ECHILD;
    return living_descendants(::getpid()).empty();
  }

  void signal_rest(int number) const {
    if (is_first_) {
      ::kill(-1, number);
      return;
    }
    for (const Process& each : living_descendants(::getpid())) signal_process(each, number);
  }

  /// Again and again: what forks meanwhile is found in the next round.
  static void kill_descendants() {
    for (int round = 0; round < 1000; ++round) {
      const auto rest = living_descendants(::getpid());
      if (rest.empty()) return;
      for (const Process& each : rest) signal_process(each, SIGKILL);
      while (::waitpid(-1, nullptr, WNOHANG) > 0) {
      }
      ::usleep(1000);
    }
  }

  [[noreturn]] void finish() const {
    if (!is_first_) kill_descendants();
    ::_exit(status_);
  }

  pid_t command_;
  int signals_;
  bool is_first_;
  bool has_ended_ = false;
  bool is_being_ended_ = false;
  int status_ = 0;
  long leave_at_ = 0;
};

int watch_signals() {
  sigset_t watched;
  sigfillset(&watched);
  ::sigprocmask(SIG_SETMASK, &watched,
                nullptr);  // a hostile workroom stops or ends us with none of them
  sigemptyset(&watched);
  for (const int number : {SIGCHLD, SIGTERM, SIGINT, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2})
    sigaddset(&watched, number);
  return ::signalfd(-1, &watched, SFD_CLOEXEC | SFD_NONBLOCK);
}

}  // namespace

int run_init() {
  // Inherited: no core file of the command holds its variables. 1 instead of 0, because a crash
  // handler behind a pipe ignores 0.
  const rlimit none{1, 1};
  ::setrlimit(RLIMIT_CORE, &none);
  ::prctl(PR_SET_DUMPABLE, 0);
  ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
  const bool is_first = ::getpid() == 1;
  if (!is_first) ::prctl(PR_SET_CHILD_SUBREAPER, 1);
  if (::fcntl(kWireDescriptor, F_SETFD, FD_CLOEXEC) != 0) {
    static constexpr char kUse[] =
        "strongroom-init is started by `strongroom run` as the first process of a workroom; it is "
        "of no use by hand.\n";
    (void)!::write(STDERR_FILENO, kUse, sizeof(kUse) - 1);
    return 2;
  }
  const int signals = watch_signals();
  // The group is ours only when we do not share a terminal's foreground with the runner (see
  // runtime).
  const pid_t command = receive_and_start(::getpgrp() == ::getpid());
  const WireAnswer started{WireAnswer::What::Started, 0};
  (void)::send(kWireDescriptor, &started, sizeof(started), MSG_NOSIGNAL);
  Init(command, signals, is_first).run();
}

}  // namespace strongroom::workroom

int main() { return strongroom::workroom::run_init(); }
