// SPDX-License-Identifier: Apache-2.0
#include "app/demo_child.h"

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>
#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdlib>

extern "C" char** environ;

namespace strongroom::app {
namespace {

std::vector<char*> pointers(std::vector<std::string>& texts) {
  std::vector<char*> out;
  for (auto& text : texts) out.push_back(text.data());
  out.push_back(nullptr);
  return out;
}

std::vector<std::string> environment_with(
    const std::vector<std::pair<std::string, std::string>>& more) {
  std::vector<std::string> out;
  for (char** each = environ; *each != nullptr; ++each) {
    const std::string entry(*each);
    const bool replaced = std::any_of(more.begin(), more.end(), [&](const auto& pair) {
      return entry.starts_with(pair.first + "=");
    });
    if (!replaced) out.push_back(entry);
  }
  for (const auto& [name, value] : more) out.push_back(name + "=" + value);
  return out;
}

}  // namespace

Result<Child> Child::start(const std::vector<std::string>& argv, const std::string& input,
                           const std::vector<std::pair<std::string, std::string>>& environment) {
  int in[2];
  int out[2];
  if (::pipe2(in, O_CLOEXEC) != 0 || ::pipe2(out, O_CLOEXEC) != 0)
    return fail(Code::Internal, "no pipe can be made");
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, in[0], STDIN_FILENO);
  posix_spawn_file_actions_adddup2(&actions, out[1], STDOUT_FILENO);
  auto arguments = argv;
  auto variables = environment_with(environment);
  auto argument_pointers = pointers(arguments);
  auto variable_pointers = pointers(variables);
  pid_t pid = -1;
  const int failed = ::posix_spawn(&pid, argv[0].c_str(), &actions, nullptr,
                                   argument_pointers.data(), variable_pointers.data());
  posix_spawn_file_actions_destroy(&actions);
  ::close(in[0]);
  ::close(out[1]);
  const bool fed = failed == 0 && (input.empty() || ::write(in[1], input.data(), input.size()) ==
                                                        static_cast<ssize_t>(input.size()));
  ::close(in[1]);
  if (failed != 0 || !fed) {
    ::close(out[0]);
    return fail(Code::Internal, "cannot start " + argv[0]);
  }
  return Child(pid, out[0]);
}

Child::Child(Child&& other) noexcept
    : pid_(std::exchange(other.pid_, -1)),
      output_(std::exchange(other.output_, -1)),
      pending_(std::move(other.pending_)) {}

Child::~Child() {
  if (output_ >= 0) ::close(output_);
  if (pid_ < 0) return;
  ::kill(pid_, SIGKILL);
  ::waitpid(pid_, nullptr, 0);
}

Result<bool> Child::read_more(std::chrono::steady_clock::time_point until) {
  const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
                        until - std::chrono::steady_clock::now())
                        .count();
  pollfd wait{output_, POLLIN, 0};
  if (left <= 0 || ::poll(&wait, 1, static_cast<int>(left)) <= 0)
    return fail(Code::Timeout, "the step took too long");
  char block[4096];
  const ssize_t got = ::read(output_, block, sizeof(block));
  if (got < 0) return fail(Code::Internal, "cannot read the step's output");
  pending_.append(block, static_cast<std::size_t>(got));
  return got > 0;
}

Result<std::string> Child::read_until(const std::function<bool(const std::string&)>& wanted,
                                      std::chrono::seconds within,
                                      const std::function<void(const std::string&)>& each) {
  const auto until = std::chrono::steady_clock::now() + within;
  std::string seen;
  for (;;) {
    for (auto end = pending_.find('\n'); end != std::string::npos; end = pending_.find('\n')) {
      const std::string line = pending_.substr(0, end);
      pending_.erase(0, end + 1);
      seen += line + "\n";
      if (each) each(line);
      if (wanted(line)) return seen;
    }
    STRONGROOM_TRY(const bool more, read_more(until));
    if (!more) return fail(Code::Internal, "the step ended before it said what was expected");
  }
}

Result<Child::Ended> Child::finish(std::chrono::seconds within) {
  const auto until = std::chrono::steady_clock::now() + within;
  for (;;) {
    STRONGROOM_TRY(const bool more, read_more(until));
    if (!more) break;
  }
  int status = 0;
  if (::waitpid(pid_, &status, 0) != pid_)
    return fail(Code::Internal, "the step's process is lost");
  pid_ = -1;
  Ended ended;
  ended.output = std::exchange(pending_, {});
  ended.status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  return ended;
}

void Child::signal(int number) const {
  if (pid_ > 0) ::kill(pid_, number);
}

}  // namespace strongroom::app
