// SPDX-License-Identifier: Apache-2.0
#include "workroom/supervisor/teller.h"

#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cerrno>

namespace strongroom::workroom {
namespace {

constexpr unsigned kWithinSeconds = 20;
constexpr char kDone = 'd';
constexpr char kNotDone = 'n';
/// This process has one, or none.
int wire_to_teller = -1;

/// Beside this very program.
std::string own_program() {
  char path[4096];
  const ssize_t size = ::readlink("/proc/self/exe", path, sizeof(path));
  const std::string own(path, size > 0 ? static_cast<std::size_t>(size) : 0);
  return own.substr(0, own.rfind('/') + 1) + "strongroom";
}

bool run(const std::string& program, const std::string& folder) {
  const pid_t child = ::fork();
  if (child == 0) {
    ::alarm(kWithinSeconds);
    ::execl(program.c_str(), "strongroom", kReportCommand, folder.c_str(), nullptr);
    ::_exit(127);
  }
  int status = 0;
  while (child > 0 && ::waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  return child > 0 && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

[[noreturn]] void serve(int wire, const std::string& folder) {
  const rlimit none{0, 0};
  ::setrlimit(RLIMIT_CORE, &none);
  const std::string program = own_program();
  for (char asked = 0; ::read(wire, &asked, 1) == 1;) {
    const char said = run(program, folder) ? kDone : kNotDone;
    if (::write(wire, &said, 1) != 1) break;
  }
  ::_exit(0);
}

}  // namespace

bool begin_teller(const std::string& folder, std::initializer_list<int> not_its) {
  int pair[2];
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0) return false;
  const pid_t child = ::fork();
  if (child == 0) {
    ::close(pair[0]);
    for (const int each : not_its) ::close(each);
    serve(pair[1], folder);
  }
  ::close(pair[1]);
  if (child < 0) ::close(pair[0]);
  wire_to_teller = child < 0 ? -1 : pair[0];
  return child > 0;
}

bool ask_teller() {
  const char ask = '?';
  char said = kNotDone;
  return ::write(wire_to_teller, &ask, 1) == 1 && ::read(wire_to_teller, &said, 1) == 1 &&
         said == kDone;
}

}  // namespace strongroom::workroom
