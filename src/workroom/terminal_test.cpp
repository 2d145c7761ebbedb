// A workroom at a terminal: it reads, and Ctrl-C reaches it once. SPDX-License-Identifier:
// Apache-2.0
#include <gtest/gtest.h>
#include <poll.h>
#include <pty.h>
#include <sys/wait.h>
#include <unistd.h>
#include <csignal>

#include "workroom/process_runtime.h"

namespace strongroom::workroom {
namespace {

/// In a process of its own, at a terminal of its own: a runner, until its workroom has ended.
[[noreturn]] void run_at_terminal(const std::string& script, Isolation isolation) {
  for (const int number : {SIGINT, SIGQUIT, SIGHUP, SIGTERM}) std::signal(number, SIG_DFL);
  const SystemClock clock;
  io::Loop loop(clock);
  WorkroomSpec spec;
  spec.init_program = STRONGROOM_INIT;
  spec.command = {"sh", "-c", script};
  spec.environment.plain = {{"PATH", "/usr/bin:/bin"}};
  spec.at_most = isolation;
  auto started = start_process_workroom(loop, std::move(spec));
  if (!started) ::_exit(99);
  int status = 98;
  loop.spawn([](io::Loop& own, Workroom& workroom, int& out) -> io::Task<void> {
    out = co_await workroom.exit_status();
    own.stop();
  }(loop, **started, status));
  loop.run();
  ::_exit(status);
}

class Terminal : public ::testing::TestWithParam<Isolation> {
 protected:
  int terminal = -1;
  pid_t runner = -1;
  std::string seen;

  void start(const std::string& script) {
    runner = ::forkpty(&terminal, nullptr, nullptr, nullptr);
    if (runner == 0) run_at_terminal(script, GetParam());
    ASSERT_GT(runner, 0);
  }
  /// Reads until `text` has come, for some seconds at most.
  bool comes(const std::string& text) {
    for (int i = 0; i < 50 && seen.find(text) == std::string::npos; ++i) {
      pollfd wait{terminal, POLLIN, 0};
      if (::poll(&wait, 1, 100) <= 0) continue;
      char block[512];
      const ssize_t got = ::read(terminal, block, sizeof(block));
      if (got <= 0) break;
      seen.append(block, static_cast<std::size_t>(got));
    }
    return seen.find(text) != std::string::npos;
  }
  void type(std::string_view keys) const {
    EXPECT_EQ(::write(terminal, keys.data(), keys.size()), static_cast<ssize_t>(keys.size()));
  }
  int exit_status() const {
    int status = 0;
    ::waitpid(runner, &status, 0);
    ::close(terminal);
    return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
  }
};

TEST_P(Terminal, reads_what_is_typed) {
  start("echo READY; read line; echo got:$line; exit 4");
  ASSERT_TRUE(comes("READY")) << seen;
  type("hello\n");
  EXPECT_TRUE(comes("got:hello")) << seen;
  EXPECT_EQ(exit_status(), 4);
}

TEST_P(Terminal, control_c_reaches_the_command_once) {
  start(
      "trap 'n=$((n+1)); echo caught:$n:' INT; trap 'echo over; exit 6' TERM; echo READY\n"
      "while :; do sleep 0.05; done");
  ASSERT_TRUE(comes("READY")) << seen;
  type("\x03");
  ASSERT_TRUE(comes("caught:1:")) << seen;
  ::kill(runner, SIGTERM);  // comes after any second INT would have
  EXPECT_TRUE(comes("over")) << seen;
  EXPECT_EQ(seen.find("caught:2:"), std::string::npos) << seen;
  EXPECT_EQ(exit_status(), 6);
}

TEST_P(Terminal, a_kill_of_its_own_group_does_not_come_back) {
  start(
      "trap 'n=$((n+1)); echo caught:$n:' HUP; trap 'echo over; exit 6' TERM\n"
      "kill -HUP 0; echo READY; while :; do sleep 0.05; done");
  ASSERT_TRUE(comes("READY")) << seen;
  ::kill(runner, SIGTERM);
  EXPECT_TRUE(comes("over")) << seen;
  EXPECT_EQ(seen.find("caught:2:"), std::string::npos) << seen;
  EXPECT_EQ(exit_status(), 6);
}

INSTANTIATE_TEST_SUITE_P(Each, Terminal,
                         ::testing::Values(Isolation::Namespace, Isolation::Descendants),
                         [](const auto& parameter) {
                           return parameter.param == Isolation::Namespace ? "namespace"
                                                                          : "descendants";
                         });

}  // namespace
}  // namespace strongroom::workroom
