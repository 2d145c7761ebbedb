// SPDX-License-Identifier: Apache-2.0
#include "workroom/programs.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>
#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>

#include "base/json.h"
#include "io/process/process.h"
#include "workroom/quoted_line.h"
#include "workroom/small_files.h"

namespace strongroom::workroom {
namespace {

constexpr std::size_t kLongestLog = 1UL << 20U;
constexpr std::chrono::milliseconds kLook{20};

std::string last_line(std::string_view text) {
  while (text.ends_with('\n')) text.remove_suffix(1);
  const auto start = text.rfind('\n');
  if (start != std::string_view::npos) text.remove_prefix(start + 1);
  // runc writes its log as JSON.
  if (const auto document = parse_json(text); document && document->is_object())
    return quoted_line(optional_string(document->get_object(), "msg").value_or(std::string(text)));
  return quoted_line(text);
}

std::string contents_of(int fd) {
  std::string out(kLongestLog, '\0');
  const ssize_t size = ::pread(fd, out.data(), out.size(), 0);
  out.resize(size > 0 ? static_cast<std::size_t>(size) : 0);
  return out;
}

std::string path_variable() {
  const char* const own = std::getenv("PATH");
  return std::string(own != nullptr ? own : "/usr/bin:/bin") + ":/usr/local/sbin:/usr/sbin:/sbin";
}

/// Kills it when its time is over, and reaps it either way.
io::Task<void> end_late(io::Loop& loop, int pid, Deadline deadline, std::shared_ptr<bool> has_ended,
                        std::shared_ptr<bool> is_late) {
  while (!*has_ended && !deadline.has_passed(loop.clock().steady())) co_await loop.sleep(kLook);
  if (*has_ended) co_return;
  *is_late = true;
  ::kill(pid, SIGKILL);
}

}  // namespace

Result<std::string> find_program(const std::string& name) {
  if (name.find('/') != std::string::npos) {
    if (::access(name.c_str(), X_OK) == 0) return name;
    return fail(Code::Unsupported, "there is no program " + name);
  }
  const std::string path = path_variable();
  for (std::size_t at = 0; at < path.size();) {
    const auto colon = std::min(path.find(':', at), path.size());
    const std::string candidate = path.substr(at, colon - at) + "/" + name;
    if (colon > at && ::access(candidate.c_str(), X_OK) == 0) return candidate;
    at = colon + 1;
  }
  return fail(Code::Unsupported,
              "this needs the program " + name + ": install it, or name its path");
}

io::Task<Status> run_program(io::Loop& loop, Command command) {
  const auto program = find_program(command.program);
  if (!program) co_return std::unexpected(program.error());
  const int nothing = ::open("/dev/null", O_RDWR | O_CLOEXEC);
  const int said = ::memfd_create("said", MFD_CLOEXEC);
  io::Spawn child;
  child.program = *program;
  child.arguments = std::move(command.arguments);
  child.environment = {{"PATH", path_variable()}, {"HOME", "/"}};
  child.descriptors = {{nothing, 0}, {said, 1}, {said, 2}};
  if (command.streams != nullptr)
    child.descriptors = {
        {command.streams->in, 0}, {command.streams->out, 1}, {command.streams->error, 2}};
  const auto pid = io::spawn(child);
  ::close(nothing);
  if (!pid) {
    ::close(said);
    co_return std::unexpected(pid.error());
  }
  const auto has_ended = std::make_shared<bool>(false);
  const auto is_late = std::make_shared<bool>(false);
  loop.spawn(end_late(loop, *pid, loop.deadline_in(command.within), has_ended, is_late));
  const auto status = co_await io::exit_of(loop, *pid);
  *has_ended = true;
  std::string words = contents_of(said);
  ::close(said);
  if (status && *status == 0) co_return Status();
  if (!command.log.empty()) words = read_small_file(command.log, kLongestLog).value_or("");
  const std::string name = program->substr(program->rfind('/') + 1);
  if (*is_late) co_return fail(Code::Timeout, name + " did not end in time");
  co_return fail(Code::Unavailable, name + " failed: " + last_line(words));
}

}  // namespace strongroom::workroom
