// SPDX-License-Identifier: Apache-2.0
#include "io/process/process.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>
#include <csignal>
#include <cstdio>

#include "io/signals.h"

namespace strongroom::io {
namespace {

class Child : public ::testing::Test {
 protected:
  SystemClock clock;
  Loop loop{clock};

  /// Runs a shell script and answers what it printed at descriptor 7.
  std::string output(const std::string& script, int& status, Spawn spawn_as = {}) {
    int ends[2];
    EXPECT_EQ(::pipe2(ends, O_CLOEXEC), 0);
    spawn_as.program = "/bin/sh";
    spawn_as.arguments = {"-c", script};
    spawn_as.descriptors.emplace_back(ends[1], 7);
    const auto pid = spawn(spawn_as);
    ::close(ends[1]);
    EXPECT_TRUE(pid) << pid.error().message;
    if (!pid) return {};
    std::string out;
    char block[4096];
    for (ssize_t got = 0; (got = ::read(ends[0], block, sizeof(block))) > 0;)
      out.append(block, static_cast<std::size_t>(got));
    ::close(ends[0]);
    loop.spawn([](Loop& own, int child, int& end) -> Task<void> {
      const auto exit = co_await exit_of(own, child);
      end = exit ? *exit : -1;
      own.stop();
    }(loop, *pid, status));
    loop.run();
    return out;
  }
};

TEST_F(Child, gets_exactly_its_environment_and_descriptors) {
  int status = -1;
  Spawn spawn_as;
  spawn_as.environment = {{"ONLY", "this"}};
  const int leaked = ::open("/dev/null", O_RDONLY);  // not close-on-exec, on purpose
  // A subshell, no pipeline: what the shell itself opens for either might still be there to see.
  const std::string out =
      output("/usr/bin/env >&7; (exec ls /proc/$$/fd >&7); exit 3", status, spawn_as);
  ::close(leaked);
  EXPECT_EQ(status, 3);
  EXPECT_NE(out.find("ONLY=this\n"), std::string::npos);
  EXPECT_EQ(out.find("HOME="), std::string::npos);
  EXPECT_TRUE(out.ends_with("\n0\n1\n2\n7\n")) << out;
}

TEST_F(Child, starts_with_fresh_signals) {
  std::signal(SIGUSR2, SIG_IGN);
  sigset_t blocked;
  sigemptyset(&blocked);
  sigaddset(&blocked, SIGTERM);
  ::pthread_sigmask(SIG_BLOCK, &blocked, nullptr);
  int status = -1;
  const std::string out = output("grep -E 'SigBlk|SigIgn' /proc/self/status >&7", status);
  ::pthread_sigmask(SIG_UNBLOCK, &blocked, nullptr);
  std::signal(SIGUSR2, SIG_DFL);
  EXPECT_EQ(out, "SigBlk:\t0000000000000000\nSigIgn:\t0000000000000000\n");
}

TEST_F(Child, that_cannot_start_says_why_and_leaves_no_zombie) {
  Spawn spawn_as;
  spawn_as.program = "/no/such/program";
  const auto pid = spawn(spawn_as);
  ASSERT_FALSE(pid);
  EXPECT_EQ(pid.error().code, Code::NotFound);
  EXPECT_EQ(::waitpid(-1, nullptr, WNOHANG), -1);
  EXPECT_EQ(errno, ECHILD);
}

TEST_F(Child, killed_answers_as_a_shell_does) {
  int status = -1;
  (void)output("kill -9 $$", status);
  EXPECT_EQ(status, 137);
}

TEST_F(Child, dies_with_its_parent) {
  int ends[2];
  ASSERT_EQ(::pipe2(ends, O_CLOEXEC), 0);
  const pid_t parent = ::fork();
  if (parent == 0) {
    Spawn spawn_as;
    spawn_as.program = "/bin/sleep";
    spawn_as.arguments = {"600"};
    spawn_as.descriptors = {{ends[1], 9}};
    const auto pid = spawn(spawn_as);
    ::close(ends[1]);
    ::pause();
    ::_exit(pid ? 0 : 1);
  }
  ::close(ends[1]);
  ::usleep(50'000);
  ::kill(parent, SIGKILL);
  ::waitpid(parent, nullptr, 0);
  char octet = 0;
  EXPECT_EQ(::read(ends[0], &octet, 1), 0) << "the last holder of the pipe has gone";
  ::close(ends[0]);
}

TEST_F(Child, C_confinement_holds) {
  const pid_t child = ::fork();
  if (child == 0) {
    const bool done = confine_this_process().has_value();
    rlimit core{};
    ::getrlimit(RLIMIT_CORE, &core);
    ::_exit(done && core.rlim_max == 0 && ::prctl(PR_GET_DUMPABLE) == 0 &&
                    ::prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1
                ? 0
                : 1);
  }
  int status = -1;
  ::waitpid(child, &status, 0);
  EXPECT_EQ(status, 0);
}

TEST_F(Child, a_watched_signal_comes_with_its_sender) {
  std::signal(SIGUSR1, SIG_DFL);
  Signal seen;
  auto watch = SignalWatch::start(loop, {SIGUSR1}, [&](Signal signal) {
    seen = signal;
    loop.stop();
  });
  ASSERT_TRUE(watch);
  ::kill(::getpid(), SIGUSR1);
  loop.run();
  EXPECT_EQ(seen.number, SIGUSR1);
  EXPECT_EQ(seen.sender, ::getpid());
  EXPECT_EQ(seen.origin, Signal::Origin::Process);
}

}  // namespace
}  // namespace strongroom::io
