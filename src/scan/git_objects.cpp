// SPDX-License-Identifier: Apache-2.0
#include "scan/git_objects.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <string_view>
#include <vector>

#include "io/process/process.h"
#include "scan/octets.h"

namespace strongroom::scan {
namespace {

constexpr std::size_t kPiece = 128UL << 10U;
constexpr std::size_t kLongestHead = 256;
constexpr int kPatienceMs = 300'000;

/// In PATH, in its absolute folders.
std::string find_git() {
  const char* const path = std::getenv("PATH");
  std::string_view rest = path == nullptr ? "/usr/local/bin:/usr/bin:/bin" : path;
  while (!rest.empty()) {
    const std::size_t end = std::min(rest.find(':'), rest.size());
    const std::string program = std::string(rest.substr(0, end)) + "/git";
    if (program.starts_with('/') && ::access(program.c_str(), X_OK) == 0) return program;
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  return {};
}

/// The folder, through no link.
int open_folder(int root, const std::string& path) {
  if (path.empty()) return ::fcntl(root, F_DUPFD_CLOEXEC, 0);
  open_how how{};
  how.flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC;
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_XDEV;
  return static_cast<int>(::syscall(SYS_openat2, root, path.c_str(), &how, sizeof(how)));
}

bool is_there(int folder, const char* name) {
  struct stat is{};
  return ::fstatat(folder, name, &is, AT_SYMLINK_NOFOLLOW) == 0;
}

/// Its standard output is `out`.
Result<int> start_git(const std::string& git, int folder, int out) {
  io::Spawn child;
  const int nothing = ::open("/dev/null", O_RDWR | O_CLOEXEC);
  if (nothing < 0) return fail(Code::Unavailable, "/dev/null cannot be opened");
  constexpr int kFolder = 3;
  child.program = git;
  child.arguments = {"--git-dir=/proc/self/fd/3",
                     "-c",
                     "safe.directory=*",
                     "-c",
                     "core.fsmonitor=false",
                     "cat-file",
                     "--batch-all-objects",
                     "--batch",
                     "--unordered",
                     "--buffer"};
  child.environment = {{"PATH", "/usr/local/bin:/usr/bin:/bin"},
                       {"GIT_CONFIG_NOSYSTEM", "1"},
                       {"GIT_CONFIG_GLOBAL", "/dev/null"},
                       {"GIT_ALLOW_PROTOCOL", "none"},
                       {"GIT_NO_LAZY_FETCH", "1"},
                       {"GIT_NO_REPLACE_OBJECTS", "1"},
                       {"GIT_OPTIONAL_LOCKS", "0"},
                       {"GIT_TERMINAL_PROMPT", "0"},
                       {"LC_ALL", "C"}};
  child.descriptors = {{nothing, 0}, {out, 1}, {nothing, 2}, {folder, kFolder}};
  auto pid = io::spawn(child);
  ::close(nothing);
  return pid;
}

/// What git says: "OID TYPE SIZE\n", then SIZE octets and a line end.
class Objects {
 public:
  Objects(int from, std::string folder, Sink& sink)
      : from_(from), folder_(std::move(folder)), sink_(sink), room_(kPiece) {}
  Status read_all();
  [[nodiscard]] bool is_damaged() const { return is_damaged_; }

 private:
  [[nodiscard]] bool more();
  [[nodiscard]] bool read_head(std::string& head);
  Status read_object(const std::string& head);
  bool is_damaged_ = false;
  int from_;
  std::string folder_;
  Sink& sink_;
  ByteVector room_;
  ByteView here_;  ///< read, and not taken yet
};

bool Objects::more() {
  if (!here_.empty()) return true;
  const long size = read_waiting(from_, room_, kPatienceMs);
  if (size > 0) here_ = ByteView(room_).first(static_cast<std::size_t>(size));
  return size > 0;
}

bool Objects::read_head(std::string& head) {
  head.clear();
  while (more() && head.size() < kLongestHead) {
    const char octet = static_cast<char>(here_.front());
    here_ = here_.subspan(1);
    if (octet == '\n') return true;
    head.push_back(octet);
  }
  is_damaged_ = is_damaged_ || !head.empty();
  return false;
}

Status Objects::read_object(const std::string& head) {
  const std::size_t first = head.find(' ');
  const std::size_t last = head.rfind(' ');
  std::uint64_t left = 0;
  const char* const end = head.data() + head.size();
  const bool is_good = last != std::string::npos && last > first &&
                       std::from_chars(head.data() + last + 1, end, left).ptr == end;
  // "OID missing", and whatever else: nothing follows it.
  if (!is_good) {
    is_damaged_ = true;
    return {};
  }
  const std::string kind = head.substr(first + 1, last - first - 1);
  STRONGROOM_CHECKED(sink_.begin({folder_ + "!" + kind + " " + head.substr(0, first)}));
  while (left > 0 && more()) {
    const auto piece = here_.first(std::min<std::uint64_t>(left, here_.size()));
    STRONGROOM_CHECKED(sink_.data(piece));
    here_ = here_.subspan(piece.size());
    left -= piece.size();
  }
  if (left > 0 || !more()) is_damaged_ = true;
  if (!here_.empty()) here_ = here_.subspan(1);
  return sink_.end();
}

Status Objects::read_all() {
  std::string head;
  while (read_head(head)) STRONGROOM_CHECKED(read_object(head));
  return {};
}

}  // namespace

Status read_git_objects(int root, const std::string& folder, Sink& sink) {
  const std::string git = find_git();
  const int opened = open_folder(root, folder);
  const char* problem = nullptr;
  if (git.empty()) problem = "git is not installed, so its objects are not read";
  if (opened < 0) problem = "cannot be opened";
  if (opened >= 0 && is_there(opened, "objects/info/alternates"))
    problem = "borrows objects from another repository";
  int ends[2] = {-1, -1};
  if (problem == nullptr && ::pipe2(ends, O_CLOEXEC) != 0) problem = "no pipe can be made";
  const auto pid = problem == nullptr ? start_git(git, opened, ends[1])
                                      : Result<int>(fail(Code::Unavailable, problem));
  for (const int each : {opened, ends[1]})
    if (each >= 0) ::close(each);
  if (!pid) {
    if (ends[0] >= 0) ::close(ends[0]);
    sink.skip(folder, pid.error().message);
    return {};
  }
  Objects objects(ends[0], folder, sink);
  const Status done = objects.read_all();
  ::close(ends[0]);
  if (!done) ::kill(*pid, SIGKILL);
  int status = 0;
  ::waitpid(*pid, &status, 0);
  if (done && (status != 0 || objects.is_damaged()))
    sink.skip(folder, "git cannot read all of its objects");
  return done;
}

}  // namespace strongroom::scan
