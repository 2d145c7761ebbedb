// SPDX-License-Identifier: Apache-2.0
#include "app/confinement.h"

#include <vector>

#include "io/process/sandbox.h"

namespace strongroom::app {
namespace {

/// Beyond those of a network program, by what each is there for.
constexpr const char* kCalls[] = {
    // programs of ours: to start and to end them
    "execve", "fork", "vfork", "wait4", "waitid", "waitpid", "setsid", "setpgid", "getpgid",
    "getpgrp", "getsid", "close_range", "dup2", "pipe", "chdir", "fchdir", "pidfd_open",
    "pidfd_send_signal", "setrlimit", "alarm",
    // what they confine themselves by
    "seccomp", "landlock_create_ruleset", "landlock_add_rule", "landlock_restrict_self",
    // database, record, seals: files that are written
    "creat", "pwrite64", "preadv", "pwritev", "preadv2", "pwritev2", "fsync", "fdatasync",
    "sync_file_range", "fallocate", "ftruncate64", "truncate", "msync", "mincore", "fadvise64",
    "flock", "rename", "renameat", "renameat2", "link", "linkat", "unlink", "unlinkat", "mkdir",
    "mkdirat", "rmdir", "umask", "chmod", "fchmod", "fchmodat", "chown", "fchown", "fchownat",
    "lchown", "utimensat", "copy_file_range", "sendfile", "getdents", "openat2", "inotify_init1",
    "inotify_add_watch", "inotify_rm_watch",
    // memory and time
    "memfd_create", "mlockall", "munlockall", "timer_create", "timer_settime", "timer_delete",
    "setitimer", "timerfd_gettime", "get_robust_list", "sched_setaffinity", "getpriority",
    // who we are
    "getgroups", "getresuid", "getresgid", "capget"};

}  // namespace

Status confine_vault() {
  const auto network = io::calls_of_network_programs();
  std::vector<const char*> calls(network.begin(), network.end());
  calls.insert(calls.end(), std::begin(kCalls), std::end(kCalls));
  return io::limit_calls_of_parent(calls);
}

}  // namespace strongroom::app
