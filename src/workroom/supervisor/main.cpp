// strongroom-supervisor: outlives one runner, ends what that leaves behind, and tells the vault
// once nothing of it lives.
//
// strongroom-supervisor FOLDER waits until its runner has gone (the end of descriptor 3, on which
// one octet before that says that there is nothing to do); strongroom-supervisor --left FOLDER
// begins at once with what another supervisor did not finish; --tls: the vault is reached over TLS,
// which takes another program to tell it (teller.h). Descriptor 4 is the folder's lock.
// Both write a process number to descriptor 3 when they have begun, and close it when nothing but
// the report is left to do. Static, no third party: nothing hostile is parsed here but names of
// processes. SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdint>
#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <string>
#include <string_view>
#include <utility>

#include "workroom/supervisor/call.h"
#include "workroom/supervisor/confine.h"
#include "workroom/supervisor/teller.h"
#include "workroom/supervisor/workroom_end.h"

namespace strongroom::workroom {
namespace {

constexpr int kRunner = 3;
constexpr int kLock = 4;
constexpr int kLookEveryMs = 5;
constexpr int kMostBetweenLooksMs = 1000;
/// The engine of a container may end what we may not.
constexpr int kAskEngineAfterMs = 300;
/// What is not dead by then is told of as such, and waited for all the same.
constexpr int kDeadWithinMs = 2000;
/// A vault that is away for longer hears of it from whoever comes by next, which waits less.
constexpr int kTellWithinMs = 120'000;
constexpr int kTellOfLeftWithinMs = 10'000;
constexpr int kTellAgainMs = 100;
constexpr int kTellOverTlsAgainMs = 1000;  ///< which starts a program
constexpr int kMostNamed = 200;
/// Nobody will ask any more.
constexpr std::time_t kKeptSeconds = 7L * 24 * 3600;

void sleep_ms(int ms) {
  ::usleep(static_cast<useconds_t>(ms) * 1000);
}

long now_ms() {
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * 1000 + now.tv_nsec / 1'000'000;
}

/// The kernel's short name is whatever the process says.
std::string plain(std::string_view name) {
  std::string out;
  for (const char c : name) {
    const bool is_plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                          (c >= '0' && c <= '9') || std::string_view("-_.:/+@ ,").contains(c);
    out += is_plain ? c : '?';
  }
  return out;
}

std::string body_of(const WorkroomEnd& end) {
  std::string dead;
  std::string exposed;
  const auto add = [](std::string& list, const std::string& text) {
    list += (list.empty() ? "\"" : ",\"") + plain(text) + "\"";
  };
  int named[2] = {0, 0};
  for (const auto& each : end.seen()) {
    const int count = ++named[each.is_dead ? 0 : 1];
    if (count > kMostNamed) continue;
    add(each.is_dead ? dead : exposed,
        count == kMostNamed ? std::string("0 and others")
                            : std::to_string(each.process.pid) + " " + each.process.name);
  }
  if (!end.doubt().empty()) add(exposed, "0 its workroom, of which " + end.doubt());
  return R"({"supervisor":"supervisor )" + std::to_string(::getpid()) + R"(","dead":[)" + dead +
         R"(],"exposed":[)" + exposed + "]}";
}

/// True once the vault has it in a receipt, or will never want it, or there is no way to tell it.
bool tell(const SupervisionRecord& record, const std::string& folder, const std::string& body) {
  if (!record.server_name.empty()) return write_report(folder, body) && ask_teller();
  if (record.server_socket.empty() && record.server_address.empty()) return true;
  const int status = tell_vault(record, body);
  return status == 200 || status == 401 || status == 404;
}

bool is_there(const std::string& folder) {
  return ::access(folder.c_str(), F_OK) == 0;
}

bool is_too_old(const std::string& folder) {
  struct stat is{};
  return ::stat(folder.c_str(), &is) == 0 && ::time(nullptr) - is.st_mtime > kKeptSeconds;
}

/// Whether its runner has died with something left to do.
bool wait_for_runner() {
  char said = 0;
  for (;;) {
    const ssize_t got = ::read(kRunner, &said, 1);
    if (got == 1) return false;
    if (got == 0) return true;
    if (errno != EINTR) return true;
  }
}

/// As long as it takes: what sleeps in the kernel is not forgotten.
void end_it(WorkroomEnd& end, const SupervisionRecord& record, const std::string& folder) {
  const long began = now_ms();
  bool has_asked = false;
  bool has_told = false;
  for (int pause = kLookEveryMs; !end.kill(); sleep_ms(pause)) {
    if (now_ms() - began >= kAskEngineAfterMs && !std::exchange(has_asked, true)) end.ask_engine();
    if (now_ms() - began < kDeadWithinMs) continue;
    if (!is_there(folder)) return;
    has_told = has_told || tell(record, folder, body_of(end));
    pause = std::min(pause * 2, kMostBetweenLooksMs);
  }
}

void remove(const std::string& folder) {
  std::error_code problem;
  std::filesystem::remove_all(folder, problem);
}

int supervise(const std::string& folder, int tell_within_ms) {
  SupervisionRecord record;
  // None: its runner died before it was given anything.
  if (!read_record(folder, record)) {
    remove(folder);
    return 0;
  }
  WorkroomEnd end(folder, record);
  if (!end.is_in_sight()) return 1;  // another's to end
  end_it(end, record, folder);
  end.clear_away();
  ::close(kRunner);
  const std::string body = body_of(end);
  for (const long began = now_ms(); now_ms() - began < tell_within_ms && is_there(folder);
       sleep_ms(record.server_name.empty() ? kTellAgainMs : kTellOverTlsAgainMs))
    if (tell(record, folder, body) || is_too_old(folder)) {
      remove(folder);
      return 0;
    }
  return 1;
}

/// Nobody's child: whoever ends the runner's descendants or its group does not end it.
void leave_runner() {
  if (::fork() != 0) ::_exit(0);
  ::setsid();
  sigset_t none;
  sigemptyset(&none);
  for (const int number : {SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGPIPE}) ::signal(number, SIG_IGN);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  (void)!::chdir("/");
}

}  // namespace
}  // namespace strongroom::workroom

int main(int argc, char** argv) {
  using namespace strongroom::workroom;
  const std::string_view option = argc == 3 ? argv[1] : "";
  const bool is_left = option == "--left";
  if ((argc != 2 && !is_left && option != "--tls") || argv[argc - 1][0] != '/' ||
      ::fcntl(kRunner, F_GETFD) < 0) {
    static constexpr char kUse[] =
        "strongroom-supervisor is started by `strongroom run`; it is of no use by hand.\n";
    (void)!::write(STDERR_FILENO, kUse, sizeof(kUse) - 1);
    return 2;
  }
  leave_runner();
  const std::string folder = argv[argc - 1];
  SupervisionRecord left;
  const bool needs_teller =
      is_left ? read_record(folder, left) && !left.server_name.empty() : option == "--tls";
  if (needs_teller && !begin_teller(folder, {kRunner, kLock})) return 1;
  if (!confine()) return 1;
  const auto self = static_cast<std::uint32_t>(::getpid());
  if (::write(kRunner, &self, sizeof(self)) != sizeof(self)) return 1;
  if (!is_left && !wait_for_runner()) return 0;
  return supervise(folder, is_left ? kTellOfLeftWithinMs : kTellWithinMs);
}
