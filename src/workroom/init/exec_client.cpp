// SPDX-License-Identifier: Apache-2.0
#include "workroom/init/exec_client.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <unistd.h>
#include <array>
#include <cerrno>
#include <climits>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <string_view>

#include "workroom/exec_wire.h"
#include "workroom/init/order.h"
#include "workroom/init/unix_dial.h"
#include "workroom/passed_descriptors.h"
#include "workroom/wire.h"

namespace strongroom::workroom {
namespace {

constexpr int kWrongUse = 2;
constexpr int kUnavailable = 5;
constexpr std::string_view kUse =
    "use: strongroom-init exec --with SERVICE[:LABEL] [--with ...] [--as UID] -- COMMAND "
    "[ARGUMENTS]";

int complain(int status, std::string_view what) {
  const std::string line = "strongroom-init: " + std::string(what) + "\n";
  (void)!::write(STDERR_FILENO, line.data(), line.size());
  return status;
}

struct Wish {
  std::vector<std::string> services;
  std::vector<std::string> command;
  bool has_user = false;
  std::uint32_t user = 0;
};

bool parse_user(const std::string& text, Wish& wish) {
  char* end = nullptr;
  errno = 0;
  const unsigned long user = std::strtoul(text.c_str(), &end, 10);
  if (text.empty() || text[0] < '0' || text[0] > '9' || *end != '\0' || errno != 0 ||
      user >= UINT_MAX)
    return false;
  wish.has_user = true;
  wish.user = static_cast<std::uint32_t>(user);
  return true;
}

bool parse(const std::vector<std::string>& arguments, Wish& wish) {
  std::size_t i = 0;
  for (; i < arguments.size() && arguments[i] != "--"; i += 2) {
    if (i + 1 == arguments.size()) return false;
    if (arguments[i] == "--with")
      wish.services.push_back(arguments[i + 1]);
    else if (arguments[i] != "--as" || !parse_user(arguments[i + 1], wish))
      return false;
  }
  if (i < arguments.size()) ++i;
  wish.command.assign(arguments.begin() + static_cast<std::ptrdiff_t>(i), arguments.end());
  return !wish.services.empty() && !wish.command.empty();
}

bool send_all(int fd, const char* at, std::size_t size) {
  while (size > 0) {
    const ssize_t sent = ::send(fd, at, size, MSG_NOSIGNAL);
    if (sent < 0 && errno == EINTR) continue;
    if (sent <= 0) return false;
    at += sent;
    size -= static_cast<std::size_t>(sent);
  }
  return true;
}

/// The first octets carry the descriptors.
bool send_head(int fd, const ExecHead& head) {
  return send_with(fd, &head, sizeof(head), std::array<int, kWireStreams>{0, 1, 2}) ==
         static_cast<ssize_t>(sizeof(head));
}

void add(std::string& texts, std::string_view text) {
  texts += text;
  texts += '\0';
}

/// The variables go along as they are: the command is to see what its caller sees, and more.
std::string texts_of(const Wish& wish, ExecHead& head) {
  std::string texts;
  char folder[PATH_MAX];
  add(texts, ::getcwd(folder, sizeof(folder)) != nullptr ? folder : "");
  for (const auto& each : wish.services) add(texts, each);
  for (const auto& each : wish.command) add(texts, each);
  for (char** each = environ; each != nullptr && *each != nullptr; ++each) {
    add(texts, *each);
    ++head.variables;
  }
  head.services = static_cast<std::uint32_t>(wish.services.size());
  head.arguments = static_cast<std::uint32_t>(wish.command.size());
  head.size = static_cast<std::uint32_t>(texts.size());
  return texts;
}

/// A stream that is closed would be whatever is opened next.
void open_missing_streams() {
  while (true) {
    const int fd = ::open("/dev/null", O_RDWR | O_CLOEXEC);
    if (fd < 0) return;
    if (fd > STDERR_FILENO) {
      ::close(fd);
      return;
    }
  }
}

int watch_signals() {
  sigset_t watched;
  sigemptyset(&watched);
  for (const int number : {SIGTERM, SIGINT, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2, SIGWINCH})
    sigaddset(&watched, number);
  ::sigprocmask(SIG_BLOCK, &watched, nullptr);
  return ::signalfd(-1, &watched, SFD_CLOEXEC | SFD_NONBLOCK);
}

int take_answer(int fd) {
  ExecAnswer answer;
  char message[kExecMessage];
  if (!read_exactly(fd, &answer, sizeof(answer)) || answer.size > sizeof(message) ||
      !read_exactly(fd, message, answer.size))
    return complain(kUnavailable, "the runner of this workroom has gone");
  const int status = static_cast<int>(answer.status & 0xFFU);
  return answer.size == 0 ? status : complain(status, {message, answer.size});
}

/// Signals go to the command; the answer comes when it has ended.
int wait_for_answer(int fd, int signals) {
  for (;;) {
    pollfd waits[2] = {{fd, POLLIN, 0}, {signals, POLLIN, 0}};
    if (::poll(waits, 2, -1) < 0 && errno != EINTR) return kUnavailable;
    if (waits[0].revents != 0) return take_answer(fd);
    signalfd_siginfo info{};
    while (::read(signals, &info, sizeof(info)) == sizeof(info)) {
      const char number = static_cast<char>(info.ssi_signo);
      (void)::send(fd, &number, 1, MSG_NOSIGNAL | MSG_DONTWAIT);
    }
  }
}

}  // namespace

int run_exec_client(const std::vector<std::string>& arguments) {
  open_missing_streams();
  Wish wish;
  if (!parse(arguments, wish)) return complain(kWrongUse, kUse);
  const char* const path = std::getenv(kExecVariable);
  if (path == nullptr)
    return complain(kUnavailable,
                    "this workroom was not started with `strongroom run --inject exec`");
  ExecHead head;
  head.has_user = wish.has_user ? 1 : 0;
  head.user = wish.user;
  const std::string texts = texts_of(wish, head);
  if (texts.size() > kExecLimit)
    return complain(kWrongUse, "arguments and variables together are more than 128 KiB");
  const int signals = watch_signals();
  const int fd = dial_unix(path);
  if (fd < 0) return complain(kUnavailable, "the runner of this workroom cannot be reached");
  if (!send_head(fd, head) || !send_all(fd, texts.data(), texts.size())) return take_answer(fd);
  return wait_for_answer(fd, signals);
}

}  // namespace strongroom::workroom
