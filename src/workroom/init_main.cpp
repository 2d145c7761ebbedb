// strongroom-init: process 1 of a workroom. Takes the command and its variables over a socket pair (so that no argument list and no
// environment of a supervisor ever holds them), starts the command, forwards signals, reaps, and leaves nothing behind.
// Static, no dependency but the C library. SPDX-License-Identifier: Apache-2.0
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <csignal>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "workroom/init_protocol.h"

extern char** environ;

namespace {

using namespace strongroom::workroom;

constexpr int kAfterCommandGraceMs = 500;

/// The message, in locked memory; wiped as soon as the command runs.
struct Message {
  unsigned char* data = nullptr;
  std::size_t size = 0;
  std::size_t at = 0;
  bool ok = true;

  std::uint32_t number() {
    if (!ok || size - at < 4) {
      ok = false;
      return 0;
    }
    const unsigned char* p = data + at;
    at += 4;
    return std::uint32_t{p[0]} << 24U | std::uint32_t{p[1]} << 16U | std::uint32_t{p[2]} << 8U | p[3];
  }
  /// A text, ended by NUL in place: the octet after it belongs to the next length and has been read, or is spare.
  char* text() {
    const std::uint32_t length = number();
    if (!ok || length > size - at) {
      ok = false;
      return nullptr;
    }
    // Shift by one so that the terminator has room: the text moves over its own length's last octet.
    std::memmove(data + at - 1, data + at, length);
    char* begin = reinterpret_cast<char*>(data + at - 1);
    begin[length] = '\0';
    at += length;
    return begin;
  }
};

bool read_exactly(int fd, void* into, std::size_t size) {
  auto* p = static_cast<unsigned char*>(into);
  while (size > 0) {
    const ssize_t got = ::read(fd, p, size);
    if (got < 0 && (errno == EINTR || errno == EAGAIN)) {
      pollfd wait{fd, POLLIN, 0};
      ::poll(&wait, 1, -1);
      continue;
    }
    if (got <= 0) return false;
    p += got;
    size -= static_cast<std::size_t>(got);
  }
  return true;
}

void say(std::uint8_t kind, std::uint32_t value) {
  const unsigned char octets[5] = {kind, static_cast<unsigned char>(value >> 24U), static_cast<unsigned char>(value >> 16U),
                                   static_cast<unsigned char>(value >> 8U), static_cast<unsigned char>(value)};
  (void)!::write(kInitDescriptor, octets, sizeof(octets));
}

bool receive(Message& message) {
  unsigned char head[8];
  if (!read_exactly(kInitDescriptor, head, sizeof(head))) return false;
  Message start;
  start.data = head;
  start.size = sizeof(head);
  if (start.number() != kInitMagic) return false;
  message.size = start.number();
  if (message.size > kInitMaxMessage) return false;
  void* memory = ::mmap(nullptr, message.size + 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) return false;
  ::mlock(memory, message.size);
  ::madvise(memory, message.size + 4096, MADV_DONTDUMP);
  message.data = static_cast<unsigned char*>(memory);
  return read_exactly(kInitDescriptor, message.data, message.size);
}

char** texts(Message& message) {
  const std::uint32_t count = message.number();
  if (!message.ok || count > 65536) return nullptr;
  auto** list = static_cast<char**>(std::calloc(count + 1, sizeof(char*)));
  for (std::uint32_t i = 0; list != nullptr && i < count; ++i) list[i] = message.text();
  return message.ok ? list : nullptr;
}

void own_proc() {
  ::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr);
  ::mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, nullptr);
}

[[noreturn]] void become(char** argv, char** envp, int report) {
  sigset_t none;
  sigemptyset(&none);
  for (int number = 1; number < NSIG; ++number) ::signal(number, SIG_DFL);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  ::close(kInitDescriptor);
  environ = envp;  // for the search along PATH
  ::execvpe(argv[0], argv, envp);
  const int why = errno;
  (void)!::write(report, &why, sizeof(why));
  ::_exit(127);
}

/// Starts the command; 0 or the errno of a failed exec.
int start(char** argv, char** envp, pid_t& command) {
  int report[2];
  if (::pipe2(report, O_CLOEXEC) != 0) return errno;
  command = ::fork();
  if (command == 0) become(argv, envp, report[1]);
  const int failed_fork = errno;
  ::close(report[1]);
  int why = 0;
  if (command < 0) why = failed_fork;
  else if (::read(report[0], &why, sizeof(why)) != sizeof(why)) why = 0;
  ::close(report[0]);
  return why;
}

/// Without a namespace of our own: everyone whose chain of parents leads to us, as /proc tells.
void signal_descendants(pid_t of, int number, int depth) {
  if (depth > 64) return;
  char path[64];
  std::strcpy(path, "/proc/");
  char digits[16];
  int n = 0;
  for (pid_t rest = of; rest > 0; rest /= 10) digits[n++] = static_cast<char>('0' + rest % 10);
  char* end = path + 6;
  while (n > 0) *end++ = digits[--n];
  std::strcpy(end, "/task");
  DIR* tasks = ::opendir(path);
  if (tasks == nullptr) return;
  while (const dirent* task = ::readdir(tasks)) {
    if (task->d_name[0] < '0' || task->d_name[0] > '9') continue;
    char children[128];
    std::strcpy(children, path);
    std::strcat(children, "/");
    std::strcat(children, task->d_name);
    std::strcat(children, "/children");
    const int fd = ::open(children, O_RDONLY | O_CLOEXEC);
    if (fd < 0) continue;
    char list[8192];
    const ssize_t got = ::read(fd, list, sizeof(list) - 1);
    ::close(fd);
    if (got <= 0) continue;
    list[got] = '\0';
    for (char* at = list; *at != '\0';) {
      char* next = nullptr;
      const long pid = std::strtol(at, &next, 10);
      if (next == at) break;
      if (pid > 1) {
        // Stopped first, so that it cannot fork while its own children are looked up.
        if (number == SIGKILL) ::kill(static_cast<pid_t>(pid), SIGSTOP);
        signal_descendants(static_cast<pid_t>(pid), number, depth + 1);
        ::kill(static_cast<pid_t>(pid), number);
      }
      at = next;
    }
  }
  ::closedir(tasks);
}

void signal_all(int number) {
  if (::getpid() == 1) ::kill(-1, number);
  else signal_descendants(::getpid(), number, 0);
}

long now_ms() {
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * 1000 + now.tv_nsec / 1'000'000;
}

class Init {
 public:
  Init(pid_t command, int signals) : command_(command), signals_(signals) {}

  int run() {
    while (!is_empty_) {
      if (kill_at_ > 0 && now_ms() >= kill_at_) {
        signal_all(SIGKILL);
        kill_at_ = now_ms() + 50;
      }
      pollfd waits[2] = {{signals_, POLLIN, 0}, {kInitDescriptor, POLLIN, 0}};
      const long left = kill_at_ > 0 ? kill_at_ - now_ms() : -1;
      ::poll(waits, has_runner_ ? 2 : 1, kill_at_ > 0 ? static_cast<int>(left < 0 ? 0 : left) : -1);
      if ((waits[0].revents & POLLIN) != 0) take_signals();
      if (has_runner_ && waits[1].revents != 0) take_words();
      reap();
    }
    say(kSayEmpty, 0);
    if (WIFSIGNALED(status_)) return 128 + WTERMSIG(status_);
    return WEXITSTATUS(status_);
  }

 private:
  void take_signals() {
    signalfd_siginfo info{};
    while (::read(signals_, &info, sizeof(info)) == sizeof(info)) {
    }
  }

  void take_words() {
    unsigned char octet = 0;
    const ssize_t got = ::read(kInitDescriptor, &octet, 1);
    if (got < 0 && (errno == EAGAIN || errno == EINTR)) return;
    if (got <= 0) {
      // The runner is gone: nothing of this workroom may outlive it.
      has_runner_ = false;
      kill_at_ = now_ms();
      return;
    }
    if (octet != kTellEnd) {
      if (octet < NSIG && !is_command_over_) ::kill(command_, octet);
      return;
    }
    unsigned char grace[4];
    if (!read_exactly(kInitDescriptor, grace, sizeof(grace))) return;
    const long wait = static_cast<long>(grace[0]) << 24 | static_cast<long>(grace[1]) << 16 | static_cast<long>(grace[2]) << 8 | grace[3];
    signal_all(SIGTERM);
    signal_all(SIGCONT);
    kill_at_ = now_ms() + wait;
  }

  void reap() {
    for (;;) {
      int status = 0;
      const pid_t pid = ::waitpid(-1, &status, WNOHANG);
      if (pid < 0 && errno == ECHILD) {
        is_empty_ = true;
        return;
      }
      if (pid <= 0) return;
      if (pid != command_) continue;
      is_command_over_ = true;
      status_ = status;
      say(kSayExited, static_cast<std::uint32_t>(status));
      if (kill_at_ == 0) {
        // What the command left behind goes as well.
        signal_all(SIGTERM);
        kill_at_ = now_ms() + kAfterCommandGraceMs;
      }
    }
  }

  pid_t command_;
  int signals_;
  int status_ = 0;
  bool is_command_over_ = false;
  bool is_empty_ = false;
  bool has_runner_ = true;
  long kill_at_ = 0;
};

}  // namespace

int main() {
  const rlimit none{0, 0};
  ::setrlimit(RLIMIT_CORE, &none);
  ::prctl(PR_SET_DUMPABLE, 0);
  ::prctl(PR_SET_CHILD_SUBREAPER, 1);
  ::signal(SIGPIPE, SIG_IGN);
  sigset_t all;
  sigfillset(&all);
  ::sigprocmask(SIG_SETMASK, &all, nullptr);
  sigset_t children;
  sigemptyset(&children);
  sigaddset(&children, SIGCHLD);
  const int signals = ::signalfd(-1, &children, SFD_CLOEXEC | SFD_NONBLOCK);
  Message message;
  if (signals < 0 || !receive(message)) return 125;
  char** argv = texts(message);
  char** envp = argv == nullptr ? nullptr : texts(message);
  const std::uint32_t flags = message.number();
  if (envp == nullptr || !message.ok || argv[0] == nullptr) return 125;
  if ((flags & kFlagMountProc) != 0) own_proc();
  pid_t command = -1;
  const int why = start(argv, envp, command);
  ::explicit_bzero(message.data, message.size + 1);
  ::munmap(message.data, message.size + 4096);
  if (why != 0) {
    say(kSayFailed, static_cast<std::uint32_t>(why));
    return 127;
  }
  say(kSayStarted, static_cast<std::uint32_t>(command));
  return Init(command, signals).run();
}
