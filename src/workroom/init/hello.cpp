// SPDX-License-Identifier: Apache-2.0
#include "workroom/init/hello.h"

#include <sys/syscall.h>
#include <unistd.h>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <ctime>
#include <string_view>

#include "workroom/init/unix_dial.h"
#include "workroom/passed_descriptors.h"
#include "workroom/wire.h"

namespace strongroom::workroom {
namespace {

constexpr int kWrongUse = 2;
constexpr int kUnavailable = 5;
constexpr long kLongestWait = 3600;

[[noreturn]] void refuse(int status, std::string_view what) {
  const std::string line = "strongroom-init: " + std::string(what) + "\n";
  (void)!::write(STDERR_FILENO, line.data(), line.size());
  ::_exit(status);
}

struct Wish {
  std::string socket;
  long wait = 30;
  std::vector<std::string> command;
};

Wish parse(const std::vector<std::string>& arguments) {
  Wish wish;
  std::size_t i = 0;
  for (; i + 1 < arguments.size() && arguments[i] != "--"; i += 2) {
    char* end = nullptr;
    if (arguments[i] == "--socket")
      wish.socket = arguments[i + 1];
    else if (arguments[i] == "--wait")
      wish.wait = std::strtol(arguments[i + 1].c_str(), &end, 10);
    else
      break;
    if (end != nullptr && *end != '\0') wish.wait = -1;
  }
  if (i < arguments.size() && arguments[i] == "--")
    wish.command.assign(arguments.begin() + static_cast<std::ptrdiff_t>(i) + 1, arguments.end());
  if (wish.command.empty() || !wish.socket.starts_with('/') || wish.wait < 0 ||
      wish.wait > kLongestWait)
    refuse(kWrongUse,
           "use: strongroom-init --socket /PATH [--wait SECONDS] -- COMMAND [ARGUMENTS]");
  return wish;
}

long now() {
  timespec time{};
  ::clock_gettime(CLOCK_MONOTONIC, &time);
  return time.tv_sec;
}

/// Both containers start at about the same time.
int dial(const Wish& wish) {
  constexpr timespec kPause{0, 50'000'000};
  const long last = now() + wish.wait;
  for (;;) {
    const int fd = dial_unix(wish.socket.c_str());
    if (fd >= 0) return fd;
    if (now() >= last)
      refuse(kUnavailable, "no runner at " + wish.socket +
                               ": is `strongroom attach` there, and its folder shared?");
    ::nanosleep(&kPause, nullptr);
  }
}

void add(std::string& texts, std::string_view text) {
  texts += text;
  texts += '\0';
}

std::string texts_of(const Wish& wish, const std::string& folder, WireHello& hello) {
  std::string texts;
  add(texts, folder);
  for (const auto& each : wish.command) add(texts, each);
  for (char** each = environ; each != nullptr && *each != nullptr; ++each) {
    add(texts, *each);
    ++hello.variables;
  }
  hello.arguments = static_cast<std::uint32_t>(wish.command.size());
  hello.size = static_cast<std::uint32_t>(texts.size());
  return texts;
}

bool send_all(int fd, std::string_view rest) {
  while (!rest.empty()) {
    const ssize_t sent = ::send(fd, rest.data(), rest.size(), MSG_NOSIGNAL);
    if (sent < 0 && errno == EINTR) continue;
    if (sent <= 0) return false;
    rest.remove_prefix(static_cast<std::size_t>(sent));
  }
  return true;
}

}  // namespace

Meeting meet_runner(const std::vector<std::string>& arguments) {
  const Wish wish = parse(arguments);
  // Process 1 has no default for it.
  ::signal(SIGTERM, [](int number) { ::_exit(128 + number); });
  Meeting meeting;
  meeting.folder = wish.socket.substr(0, wish.socket.rfind('/'));
  WireHello hello;
  hello.is_first = ::getpid() == 1 ? 1 : 0;
  const std::string texts = texts_of(wish, meeting.folder, hello);
  if (texts.size() > kWireLimit)
    refuse(kWrongUse, "arguments and variables together are more than 4 MiB");
  meeting.wire = dial(wish);
  const int self = static_cast<int>(::syscall(SYS_pidfd_open, ::getpid(), 0));
  if (self < 0) refuse(kUnavailable, "this kernel has no handles of processes (Linux 5.3)");
  const std::array<int, kWireHelloDescriptors> passed{0, 1, 2, self};
  if (send_with(meeting.wire, &hello, sizeof(hello), passed) !=
          static_cast<ssize_t>(sizeof(hello)) ||
      !send_all(meeting.wire, texts))
    refuse(kUnavailable, "the runner does not take this workroom; it says why");
  ::close(self);
  return meeting;
}

}  // namespace strongroom::workroom
