// Real processes, in both kinds of isolation. SPDX-License-Identifier: Apache-2.0
#include "workroom/process_runtime.h"

#include <dirent.h>
#include <gtest/gtest.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <thread>

#include "workroom/descendants.h"

namespace strongroom::workroom {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

std::string contents(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

/// Processes of this machine whose environment holds `mark`.
std::vector<int> holders_of(const std::string& mark) {
  std::vector<int> out;
  DIR* folder = ::opendir("/proc");
  while (const dirent* entry = ::readdir(folder)) {
    const int pid = std::atoi(entry->d_name);
    if (pid > 0 &&
        contents("/proc/" + std::to_string(pid) + "/environ").find(mark) != std::string::npos)
      out.push_back(pid);
  }
  ::closedir(folder);
  return out;
}

template <class Condition>
bool until(Condition condition) {
  for (int i = 0; i < 6000; ++i) {
    if (condition()) return true;
    std::this_thread::sleep_for(milliseconds(10));
  }
  return false;
}

class Running : public ::testing::TestWithParam<Isolation> {
 public:
  SystemClock clock;
  io::Loop loop{clock};
  std::string folder;
  std::string mark;
  std::unique_ptr<Workroom> workroom;

  void SetUp() override {
    // A background job of a shell ignores INT, and what is ignored is not forwarded.
    for (const int number : {SIGINT, SIGHUP, SIGQUIT, SIGUSR1}) std::signal(number, SIG_DFL);
    char path[] = "/tmp/workroom-test-XXXXXX";
    folder = ::mkdtemp(path);
    mark = "MARK=" + folder + "-value";
  }
  void TearDown() override {
    workroom.reset();
    EXPECT_TRUE(until([this] { return holders_of(mark).empty(); }));
    std::filesystem::remove_all(folder);
  }

  WorkroomSpec spec(const std::string& script) {
    WorkroomSpec out;
    out.init_program = STRONGROOM_INIT;
    out.command = {"sh", "-c", script};
    out.environment.plain = {{"PATH", "/usr/local/bin:/usr/bin:/bin"}, {"OUT", folder}};
    out.environment.secret.push_back({"MARK", Secret(bytes_of(folder + "-value"))});
    out.at_most = GetParam();
    return out;
  }

  void start(const std::string& script) {
    auto started = start_process_workroom(loop, spec(script));
    ASSERT_TRUE(started) << started.error().message;
    workroom = std::move(*started);
    EXPECT_EQ(workroom->isolation(), GetParam()) << "this machine gives namespaces to root";
  }

  std::string file(const std::string& name) const { return contents(folder + "/" + name); }
  bool appears(const std::string& name) const {
    return until([&] { return ::access((folder + "/" + name).c_str(), F_OK) == 0; });
  }

  void drive(io::Task<void> task) {
    loop.spawn(std::move(task));
    loop.run();
  }
  int exit_status() {
    int status = -1;
    drive([](Running& self, int& out) -> io::Task<void> {
      out = co_await self.workroom->exit_status();
      self.loop.stop();
    }(*this, status));
    return status;
  }
  std::vector<lease::ProcessOutcome> end(milliseconds grace) {
    std::vector<lease::ProcessOutcome> outcomes;
    drive([](Running& self, milliseconds time,
             std::vector<lease::ProcessOutcome>& out) -> io::Task<void> {
      out = co_await self.workroom->end(time);
      self.loop.stop();
    }(*this, grace, outcomes));
    return outcomes;
  }
};

TEST_P(Running, the_environment_is_exact_and_the_status_passes_through) {
  start("/usr/bin/env | sort > $OUT/env; exit 7");
  EXPECT_EQ(exit_status(), 7);
  const std::string env = file("env");
  EXPECT_NE(env.find(mark + "\n"), std::string::npos);
  std::string names;
  for (std::size_t at = 0; at < env.size(); at = env.find('\n', at) + 1)
    names += env.substr(at, env.find('=', at) - at) + " ";
  EXPECT_EQ(names, "MARK OUT PATH PWD ") << "PWD is the shell's own";
}

TEST_P(Running, a_death_by_signal_is_128_and_its_number) {
  start("kill -9 $$");
  EXPECT_EQ(exit_status(), 128 + SIGKILL);
}

TEST_P(Running, what_cannot_start_says_so) {
  auto wrong = spec("");
  wrong.command = {"no-such-command-at-all"};
  auto started = start_process_workroom(loop, std::move(wrong));
  ASSERT_FALSE(started);
  EXPECT_EQ(started.error().code, Code::NotFound);
  auto forbidden = spec("");
  forbidden.command = {folder + "/text"};
  std::ofstream(forbidden.command[0]) << "no program";
  EXPECT_EQ(start_process_workroom(loop, std::move(forbidden)).error().code, Code::Refused);
  auto lost = spec("");
  lost.working_directory = "/no/such/folder";
  EXPECT_EQ(start_process_workroom(loop, std::move(lost)).error().code, Code::NotFound);
  auto bad = spec("");
  bad.environment.plain.push_back({"OUT", "again"});
  EXPECT_EQ(start_process_workroom(loop, std::move(bad)).error().code, Code::Conflict);
}

TEST_P(Running, J2_init_and_the_runner_hold_no_value_in_their_environment) {
  start(": > $OUT/ready; exec sleep 600");
  ASSERT_TRUE(appears("ready"));
  EXPECT_TRUE(contents("/proc/" + std::to_string(workroom->pid()) + "/environ").empty());
  EXPECT_EQ(contents("/proc/" + std::to_string(workroom->pid()) + "/cmdline").find(folder),
            std::string::npos);
  EXPECT_EQ(contents("/proc/self/environ").find(mark), std::string::npos);
  // The command alone, once it is what it has executed; for a moment within exec, nobody.
  EXPECT_TRUE(until([this] {
    const auto holders = holders_of(mark);
    return holders.size() == 1U &&
           contents("/proc/" + std::to_string(holders[0]) + "/comm") == "sleep\n";
  }));
  const auto outcomes = end(seconds(2));
  ASSERT_EQ(outcomes.size(), 1U);
  EXPECT_EQ(outcomes[0].name, "sleep");
  EXPECT_TRUE(outcomes[0].is_dead);
  EXPECT_EQ(exit_status(), 128 + SIGTERM);
}

TEST_P(Running, J6_daemons_and_the_deaf_are_gone_after_the_end) {
  start(
      "(setsid sh -c '(trap \"\" TERM; touch $OUT/deaf; while :; do sleep 1; done) & exit 0' &)\n"
      "(setsid sleep 600 &) ; touch $OUT/ready; while :; do sleep 1; done");
  ASSERT_TRUE(appears("ready"));
  ASSERT_TRUE(appears("deaf"));
  ASSERT_TRUE(until([this] { return holders_of(mark).size() >= 4; }));
  const SteadyTime began = clock.steady();
  const auto outcomes = end(milliseconds(300));
  EXPECT_GE(clock.steady() - began, milliseconds(290));
  EXPECT_LT(clock.steady() - began, seconds(2));
  EXPECT_TRUE(holders_of(mark).empty());
  EXPECT_GE(outcomes.size(), 4U);
  for (const auto& each : outcomes) EXPECT_TRUE(each.is_dead) << each.name;
}

TEST_P(Running, J6_what_the_command_leaves_behind_goes_with_it) {
  start(
      "(setsid sh -c 'trap \"\" TERM; touch $OUT/deaf; while :; do sleep 1; done' &) ; while [ ! "
      "-e $OUT/deaf ]; do sleep 0.01; done; exit 3");
  EXPECT_EQ(exit_status(), 3);
  EXPECT_TRUE(holders_of(mark).empty());
}

TEST_P(Running, an_orderly_end_has_its_grace) {
  start(
      "trap 'sleep 0.2 && touch $OUT/tidy; exit 5' TERM; touch $OUT/ready; while :; do sleep 0.05; "
      "done");
  ASSERT_TRUE(appears("ready"));
  end(seconds(60));
  EXPECT_EQ(exit_status(), 5);
  EXPECT_EQ(::access((folder + "/tidy").c_str(), F_OK), 0);
}

TEST_P(Running, two_ends_at_once_answer_alike) {
  start(": > $OUT/ready; exec sleep 600");
  ASSERT_TRUE(appears("ready"));
  std::vector<std::size_t> sizes;
  const auto one = [](Running& self, std::vector<std::size_t>& out) -> io::Task<void> {
    const auto outcomes = co_await self.workroom->end(seconds(2));
    out.push_back(outcomes.size());
    if (out.size() == 2) self.loop.stop();
  };
  loop.spawn(one(*this, sizes));
  drive(one(*this, sizes));
  EXPECT_EQ(sizes, (std::vector<std::size_t>{1, 1}));
}

TEST_P(Running, signals_to_the_runner_reach_the_command) {
  start(
      "trap 'echo hup >> $OUT/got' HUP; trap 'echo usr >> $OUT/got' USR1; trap 'echo int >> "
      "$OUT/got; exit 9' INT\n"
      "touch $OUT/ready; while :; do sleep 0.02; done");
  ASSERT_TRUE(appears("ready"));
  const auto ticker = loop.every(milliseconds(100), [sent = 0]() mutable {
    static constexpr int kSignals[] = {SIGHUP, SIGUSR1, SIGINT};
    if (sent < 3) ::kill(::getpid(), kSignals[sent++]);
  });
  EXPECT_EQ(exit_status(), 9);
  EXPECT_EQ(file("got"), "hup\nusr\nint\n");
}

TEST_P(Running, a_large_environment_arrives_whole) {
  auto large = spec("printf %s \"$BIG\" | wc -c > $OUT/size");
  const std::string value(60'000, 'v');
  large.environment.secret.push_back({"BIG", Secret(bytes_of(value))});
  for (int i = 0; i < 20; ++i)
    large.environment.plain.push_back({"FILL" + std::to_string(i), value});
  auto started = start_process_workroom(loop, std::move(large));
  ASSERT_TRUE(started) << started.error().message;
  workroom = std::move(*started);
  EXPECT_EQ(exit_status(), 0);
  EXPECT_EQ(std::atoi(file("size").c_str()), 60'000);
}

TEST_P(Running, the_command_may_not_gain_privileges_and_leaves_no_core) {
  start(
      "grep NoNewPrivs /proc/self/status > $OUT/status; ulimit -c > $OUT/core; ls /proc/self/fd | "
      "wc -l > $OUT/fds");
  EXPECT_EQ(exit_status(), 0);
  EXPECT_EQ(file("status"), "NoNewPrivs:\t1\n");
  EXPECT_EQ(file("core"), "0\n");
  EXPECT_EQ(file("fds"), "4\n") << "0, 1, 2, and the one ls reads the folder with";
}

/// The runner in a process of its own, which can be killed.
TEST_P(Running, J9_a_killed_runner_takes_everything_along) {
  const pid_t runner = ::fork();
  if (runner == 0) {
    SystemClock own_clock;
    io::Loop own_loop(own_clock);
    const auto started = start_process_workroom(
        own_loop, spec("(setsid sleep 600 &); (setsid sh -c 'trap \"\" TERM; while :; do sleep 1; "
                       "done' &); touch $OUT/ready; exec sleep 600"));
    if (!started) ::_exit(1);
    own_loop.run();
    ::_exit(0);
  }
  ASSERT_TRUE(appears("ready"));
  ASSERT_TRUE(until([this] { return holders_of(mark).size() >= 3; }));
  ::kill(runner, SIGKILL);
  ::waitpid(runner, nullptr, 0);
  EXPECT_TRUE(until([this] { return holders_of(mark).empty(); }));
}

TEST_P(Running, J9_a_killed_init_takes_everything_along) {
  start("(setsid sleep 600 &); touch $OUT/ready; exec sleep 600");
  ASSERT_TRUE(appears("ready"));
  ASSERT_TRUE(until([this] { return holders_of(mark).size() == 2; }));
  ::kill(workroom->pid(), SIGKILL);
  EXPECT_EQ(exit_status(), 128 + SIGKILL);
  EXPECT_TRUE(holders_of(mark).empty());
}

INSTANTIATE_TEST_SUITE_P(Each, Running,
                         ::testing::Values(Isolation::Namespace, Isolation::Descendants),
                         [](const auto& parameter) {
                           return parameter.param == Isolation::Namespace ? "namespace"
                                                                          : "descendants";
                         });

using InNamespace = Running;
TEST_P(InNamespace, process_1_is_init_and_shows_nothing) {
  start(
      "cat /proc/1/comm > $OUT/comm; cat /proc/1/environ 2>/dev/null | wc -c > $OUT/environ; echo "
      "$$ > $OUT/pid; ls -d /proc/[0-9]* | wc -l > $OUT/seen");
  EXPECT_EQ(exit_status(), 0);
  EXPECT_EQ(file("comm"), "strongroom-init\n");
  EXPECT_EQ(file("environ"), "0\n");
  EXPECT_EQ(file("pid"), "2\n");
  EXPECT_LE(std::atoi(file("seen").c_str()), 4) << "its own /proc: nobody else's processes";
}
INSTANTIATE_TEST_SUITE_P(Namespace, InNamespace, ::testing::Values(Isolation::Namespace));

}  // namespace
}  // namespace strongroom::workroom
