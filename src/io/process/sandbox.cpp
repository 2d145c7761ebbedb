// SPDX-License-Identifier: Apache-2.0
#include "io/process/sandbox.h"

#include <fcntl.h>
#include <linux/landlock.h>
#include <sched.h>
#include <seccomp.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <algorithm>
#include <cerrno>
#include <cstring>
#include <memory>
#include <string_view>

namespace strongroom::io {
namespace {

constexpr std::uint64_t kRead = LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR;
/// All rights of the first version: what is named here and granted nowhere is refused.
constexpr std::uint64_t kAll = (LANDLOCK_ACCESS_FS_MAKE_SYM << 1U) - 1;

constexpr std::uint64_t kWriteFile = LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_WRITE_FILE;
constexpr std::uint64_t kWrite = kRead | kWriteFile | LANDLOCK_ACCESS_FS_REMOVE_FILE |
                                 LANDLOCK_ACCESS_FS_REMOVE_DIR | LANDLOCK_ACCESS_FS_MAKE_REG |
                                 LANDLOCK_ACCESS_FS_MAKE_DIR;

bool allow(int rules, const std::string& path, std::uint64_t in_folder, std::uint64_t of_file) {
  const int fd = ::open(path.c_str(), O_PATH | O_CLOEXEC);
  if (fd < 0) return true;  // not there
  struct stat is{};
  ::fstat(fd, &is);
  landlock_path_beneath_attr rule{};
  rule.parent_fd = fd;
  rule.allowed_access = S_ISDIR(is.st_mode) ? in_folder : of_file;
  const bool is_added =
      ::syscall(SYS_landlock_add_rule, rules, LANDLOCK_RULE_PATH_BENEATH, &rule, 0) == 0;
  ::close(fd);
  return is_added;
}

bool limit_files(const Sandbox& sandbox) {
  landlock_ruleset_attr all{};
  all.handled_access_fs = kAll;
  const long rules = ::syscall(SYS_landlock_create_ruleset, &all, sizeof(all), 0);
  if (rules < 0) return false;
  bool is_good = true;
  for (const auto& path : sandbox.readable)
    is_good = is_good && allow(static_cast<int>(rules), path, kRead, LANDLOCK_ACCESS_FS_READ_FILE);
  for (const auto& path : sandbox.writable)
    is_good = is_good && allow(static_cast<int>(rules), path, kWrite, kWriteFile);
  is_good = is_good && ::syscall(SYS_landlock_restrict_self, rules, 0) == 0;
  ::close(static_cast<int>(rules));
  return is_good;
}

/// The kernel looks at the lower half of the register alone, so do we.
void allow_network_sockets(void* filter, int number) {
  constexpr scmp_datum_t kLowerHalf = 0xFFFFFFFF;
  // The last by which the system's resolver puts addresses in order.
  for (const int family : {AF_INET, AF_INET6, AF_NETLINK}) {
    const scmp_arg_cmp is_it{0, SCMP_CMP_MASKED_EQ, kLowerHalf, static_cast<scmp_datum_t>(family)};
    (void)::seccomp_rule_add_array(filter, SCMP_ACT_ALLOW, number, 1, &is_it);
  }
}

void allow_all(void* filter, int number) {
  (void)::seccomp_rule_add(filter, SCMP_ACT_ALLOW, number, 0);
}

/// Neither namespaces nor tracing.
void allow_plain_clone(void* filter, int number) {
  constexpr scmp_datum_t kNotWanted = CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC |
                                      CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNET | CLONE_PTRACE;
  const scmp_arg_cmp has_none{0, SCMP_CMP_MASKED_EQ, kNotWanted, 0};
  (void)::seccomp_rule_add_array(filter, SCMP_ACT_ALLOW, number, 1, &has_none);
}

void pretend_missing(void* filter, int number) {
  (void)::seccomp_rule_add(filter, SCMP_ACT_ERRNO(ENOSYS), number, 0);
}

/// Calls that are allowed in part.
struct Exception {
  std::string_view call;
  void (*allow)(void* filter, int number);
};

Status limit_calls(std::span<const char* const> calls, std::span<const Exception> exceptions) {
  const std::unique_ptr<void, decltype(&::seccomp_release)> filter(
      ::seccomp_init(SCMP_ACT_ERRNO(EPERM)), &::seccomp_release);
  if (filter == nullptr) return fail(Code::Internal, "no filter of system calls can be made");
  for (const char* call : calls) {
    const int number = ::seccomp_syscall_resolve_name(call);
    if (number == __NR_SCMP_ERROR) continue;
    const auto exception = std::ranges::find(exceptions, std::string_view(call), &Exception::call);
    // What cannot be added stays refused.
    (exception == exceptions.end() ? allow_all : exception->allow)(filter.get(), number);
  }
  // A tree instead of a list: each call is found in a few steps.
  (void)::seccomp_attr_set(filter.get(), SCMP_FLTATR_CTL_OPTIMIZE, 2);
  if (const int problem = ::seccomp_load(filter.get()); problem != 0)
    return fail(Code::Internal,
                std::string("system calls cannot be limited: ") + std::strerror(-problem));
  return {};
}

}  // namespace

Result<SandboxState> enter(const Sandbox& sandbox) {
  if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
    return fail(Code::Internal, "new privileges cannot be given up");
  SandboxState state;
  state.files = limit_files(sandbox);
  const Exception sockets{"socket", allow_network_sockets};
  const std::span<const Exception> exceptions(&sockets, sandbox.has_local_sockets ? 0 : 1);
  STRONGROOM_CHECKED(limit_calls(sandbox.calls, exceptions));
  return state;
}

Status limit_calls_of_parent(std::span<const char* const> calls) {
  if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
    return fail(Code::Internal, "new privileges cannot be given up");
  const Exception exceptions[] = {{"clone", allow_plain_clone}, {"clone3", pretend_missing}};
  return limit_calls(calls, exceptions);
}

}  // namespace strongroom::io
