// In children, as there is no way back. SPDX-License-Identifier: Apache-2.0
#include "io/process/sandbox.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cerrno>
#include <csignal>
#include <functional>
#include <vector>

namespace strongroom::io {
namespace {

/// The second half is for sanitizers alone, whose runtime has its own needs until the end.
constexpr const char* kCalls[] = {
    "read",       "write",          "openat",        "close",      "exit_group",  "fstat",
    "newfstatat", "mmap",           "brk",           "munmap",     "sigaltstack", "rt_sigaction",
    "futex",      "rt_sigprocmask", "rt_sigreturn",  "mprotect",   "madvise",     "getpid",
    "gettid",     "sched_yield",    "clock_gettime", "readlink",   "nanosleep",   "clock_nanosleep",
    "exit",       "tgkill",         "prctl",         "personality"};
const std::string kReadable[] = {"/etc", "/no/such/folder"};

/// What `look` answers inside, where `more` is allowed as well.
int inside(const std::function<int()>& look, std::vector<const char*> more = {}) {
  more.insert(more.end(), std::begin(kCalls), std::end(kCalls));
  const pid_t child = ::fork();
  if (child == 0) ::_exit(enter({more, kReadable}) ? look() : 99);
  int status = 0;
  ::waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 100 + WTERMSIG(status);
}

int errno_of(long result) {
  return result < 0 ? errno : 0;
}

TEST(Sandbox, what_is_named_goes_on) {
  EXPECT_EQ(inside([] { return errno_of(::open("/etc/passwd", O_RDONLY)); }), 0);
}

TEST(Sandbox, other_calls_are_refused) {
  EXPECT_EQ(inside([] { return errno_of(::socket(AF_INET, SOCK_STREAM, 0)); }), EPERM);
  EXPECT_EQ(inside([] { return errno_of(::fork()); }), EPERM);
  EXPECT_EQ(inside([] {
              char* const none[] = {nullptr};
              return errno_of(::execve("/bin/true", none, none));
            }),
            EPERM);
}

TEST(Sandbox, a_parent_starts_programs_but_makes_no_namespace) {
  const auto in_parent = [](const std::function<int()>& look) {
    std::vector<const char*> calls{"clone", "clone3", "socket", "wait4", "execve", "fork", "vfork"};
    calls.insert(calls.end(), std::begin(kCalls), std::end(kCalls));
    const pid_t child = ::fork();
    if (child == 0) ::_exit(limit_calls_of_parent(calls) ? look() : 99);
    int status = 0;
    ::waitpid(child, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 100 + WTERMSIG(status);
  };
  const auto clone_with = [&](unsigned long flags) {
    return in_parent([=] {
      const long made = ::syscall(SYS_clone, flags | SIGCHLD, 0, 0, 0, 0);
      if (made == 0) ::_exit(0);
      return errno_of(made);
    });
  };
  EXPECT_EQ(clone_with(0), 0);
  EXPECT_EQ(clone_with(CLONE_NEWUSER), EPERM);
  EXPECT_EQ(clone_with(CLONE_NEWNS | CLONE_NEWPID), EPERM);
  EXPECT_EQ(in_parent([] { return errno_of(::syscall(SYS_clone3, nullptr, 0)); }), ENOSYS);
  EXPECT_EQ(in_parent([] { return errno_of(::unshare(CLONE_NEWUSER)); }), EPERM);
  EXPECT_EQ(in_parent([] { return errno_of(::socket(AF_UNIX, SOCK_STREAM, 0)); }), 0);
}

TEST(Sandbox, no_unix_socket_leads_to_the_vaults_own) {
  const auto socket_of = [](int family) {
    return inside([=] { return errno_of(::socket(family, SOCK_STREAM, 0)); }, {"socket"});
  };
  EXPECT_EQ(socket_of(AF_INET), 0);
  EXPECT_EQ(socket_of(AF_UNIX), EPERM);
  const auto other_half = [] {
    constexpr long kMore = 1L << 32U;
    return errno_of(::syscall(SYS_socket, kMore | AF_UNIX, SOCK_STREAM, 0));
  };
  EXPECT_EQ(inside(other_half, {"socket"}), EPERM);
}

TEST(Sandbox, other_files_are_refused) {
  const int answer = inside([] { return errno_of(::open("/usr/bin/env", O_RDONLY)); });
  if (answer == 0) GTEST_SKIP() << "this kernel has no Landlock";
  EXPECT_EQ(answer, EACCES);
  EXPECT_EQ(inside([] { return errno_of(::open("/etc/passwd", O_RDWR)); }), EACCES);
  EXPECT_EQ(inside([] { return errno_of(::open("/etc/new", O_WRONLY | O_CREAT, 0600)); }), EACCES);
}

}  // namespace
}  // namespace strongroom::io
