// What a program that only talks over the network keeps of the system: sockets, memory, threads,
// time, and the files by which names are resolved and certificates trusted.
// SPDX-License-Identifier: Apache-2.0
#include "io/process/sandbox.h"

namespace strongroom::io {
namespace {

/// By what each is there for. The names of several architectures.
constexpr const char* kCalls[] = {
    // sockets
    "socket", "socketpair", "bind", "listen", "accept", "accept4", "connect", "getsockname",
    "getpeername", "getsockopt", "setsockopt", "shutdown", "send", "sendto", "sendmsg", "sendmmsg",
    "recv", "recvfrom", "recvmsg", "recvmmsg",
    // descriptors
    "read", "readv", "write", "writev", "pread64", "close", "fcntl", "fcntl64", "dup", "dup3",
    "pipe2", "splice", "eventfd2", "signalfd4", "timerfd_create", "timerfd_settime",
    "epoll_create1", "epoll_ctl", "epoll_wait", "epoll_pwait", "epoll_pwait2", "poll", "ppoll",
    "select", "pselect6", "ioctl", "lseek", "_llseek",
    // files by which names are resolved and certificates trusted
    "open", "openat", "stat", "fstat", "lstat", "newfstatat", "fstatat64", "statx", "access",
    "faccessat", "faccessat2", "readlink", "readlinkat", "getdents64", "getcwd", "statfs",
    "fstatfs",
    // memory
    "brk", "mmap", "mmap2", "munmap", "mprotect", "mremap", "madvise", "mlock", "mlock2", "munlock",
    "memfd_secret", "ftruncate", "membarrier",
    // threads and their end
    "clone", "clone3", "futex", "futex_time64", "set_robust_list", "rseq", "sched_yield",
    "sched_getaffinity", "sched_getparam", "sched_getscheduler", "gettid", "getpid", "getppid",
    "getuid", "geteuid", "getgid", "getegid", "exit", "exit_group", "arch_prctl", "prctl",
    "set_tid_address", "getrusage", "getrlimit", "ugetrlimit", "prlimit64", "sysinfo", "uname",
    "getcpu",
    // signals
    "rt_sigaction", "rt_sigprocmask", "rt_sigreturn", "rt_sigtimedwait", "sigaltstack", "tgkill",
    "kill", "restart_syscall", "pause",
    // time and chance
    "clock_gettime", "clock_gettime64", "clock_getres", "clock_nanosleep", "nanosleep",
    "gettimeofday", "time", "getrandom"};

/// What tokens in software and their like keep on the disk.
constexpr const char* kWritingCalls[] = {
    "pwrite64",  "fsync",    "fdatasync", "flock", "rename",   "renameat",  "renameat2", "unlink",
    "unlinkat",  "mkdir",    "mkdirat",   "rmdir", "umask",    "chmod",     "fchmod",    "fchmodat",
    "ftruncate", "truncate", "fallocate", "creat", "getdents", "utimensat", "chdir"};

const std::string kReadable[] = {"/etc",
                                 "/usr",
                                 "/lib",
                                 "/lib64",
                                 "/run/systemd/resolve",
                                 "/run/resolvconf",
                                 "/run/NetworkManager",
                                 "/var/lib/ca-certificates",
                                 "/proc/self",
                                 "/proc/net",
                                 "/proc/sys/net",
                                 "/proc/meminfo",
                                 "/proc/stat",
                                 "/sys/devices/system/cpu",
                                 "/dev/null",
                                 "/dev/urandom",
                                 "/dev/random"};

}  // namespace

std::span<const char* const> calls_of_network_programs() {
  return kCalls;
}

std::span<const std::string> files_of_network_programs() {
  return kReadable;
}

std::span<const char* const> calls_of_writing_programs() {
  return kWritingCalls;
}

}  // namespace strongroom::io
