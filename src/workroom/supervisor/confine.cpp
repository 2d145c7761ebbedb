// SPDX-License-Identifier: Apache-2.0
#include "workroom/supervisor/confine.h"

#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <cerrno>
#include <cstddef>
#include <iterator>

namespace strongroom::workroom {
namespace {

constexpr unsigned kAllowed[] = {
    __NR_read,          __NR_write,
    __NR_close,         __NR_pread64,
    __NR_openat,        __NR_fstat,
    __NR_newfstatat,    __NR_statx,
    __NR_lseek,         __NR_getdents64,
    __NR_fcntl,         __NR_readlinkat,
    __NR_faccessat,     __NR_faccessat2,
    __NR_unlinkat,      __NR_fchmodat,
    __NR_mmap,          __NR_munmap,
    __NR_mremap,        __NR_mprotect,
    __NR_madvise,       __NR_brk,
    __NR_rt_sigaction,  __NR_rt_sigprocmask,
    __NR_rt_sigreturn,  __NR_ppoll,
    __NR_socket,        __NR_connect,
    __NR_sendto,        __NR_recvfrom,
    __NR_setsockopt,    __NR_kill,
    __NR_pidfd_open,    __NR_pidfd_send_signal,
    __NR_nanosleep,     __NR_clock_nanosleep,
    __NR_clock_gettime, __NR_gettimeofday,
    __NR_getpid,        __NR_getrandom,
    __NR_futex,         __NR_restart_syscall,
    __NR_exit,          __NR_exit_group,
#ifdef __NR_open
    __NR_open,          __NR_access,
    __NR_readlink,      __NR_rmdir,
    __NR_unlink,        __NR_poll,
    __NR_stat,          __NR_lstat,
#endif
};
#if defined(__x86_64__)
constexpr unsigned kMachine = AUDIT_ARCH_X86_64;
#elif defined(__aarch64__)
constexpr unsigned kMachine = AUDIT_ARCH_AARCH64;
#else
#error "which system calls this machine has is not known here"
#endif

constexpr std::size_t kBefore = 4;  ///< loads and the test of the machine
constexpr std::size_t kSize = kBefore + std::size(kAllowed) + 2;

}  // namespace

bool confine() {
  const rlimit none{0, 0};
  if (::setrlimit(RLIMIT_CORE, &none) != 0 || ::prctl(PR_SET_DUMPABLE, 0) != 0 ||
      ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
    return false;
  sock_filter program[kSize] = {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, arch)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, kMachine, 1, 0),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
  };
  std::size_t at = kBefore;
  for (std::size_t i = 0; i < std::size(kAllowed); ++i) {
    const auto to_end = static_cast<unsigned char>(std::size(kAllowed) - i);
    program[at++] = BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, kAllowed[i], to_end, 0);
  }
  program[at++] = BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM);
  program[at] = BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
  const sock_fprog filter{static_cast<unsigned short>(kSize), program};
  return ::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter, 0, 0) == 0;
}

}  // namespace strongroom::workroom
