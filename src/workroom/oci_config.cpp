// SPDX-License-Identifier: Apache-2.0
#include "workroom/oci_config.h"

#include "workroom/capabilities.h"
#include "workroom/cgroups.h"
#include "workroom/container_mounts.h"

namespace strongroom::workroom {
namespace {

/// What a workroom has no use for and the kernel has had holes in; answered EPERM.
constexpr const char* kRefusedCalls[] = {"acct",
                                         "add_key",
                                         "bpf",
                                         "clock_adjtime",
                                         "clock_settime",
                                         "create_module",
                                         "delete_module",
                                         "finit_module",
                                         "fsconfig",
                                         "fsmount",
                                         "fsopen",
                                         "fspick",
                                         "init_module",
                                         "io_uring_enter",
                                         "io_uring_setup",
                                         "io_uring_register",
                                         "ioperm",
                                         "iopl",
                                         "kcmp",
                                         "kexec_file_load",
                                         "kexec_load",
                                         "keyctl",
                                         "lookup_dcookie",
                                         "mount",
                                         "mount_setattr",
                                         "move_mount",
                                         "move_pages",
                                         "name_to_handle_at",
                                         "nfsservctl",
                                         "open_by_handle_at",
                                         "open_tree",
                                         "perf_event_open",
                                         "pivot_root",
                                         "process_vm_readv",
                                         "process_vm_writev",
                                         "quotactl",
                                         "reboot",
                                         "request_key",
                                         "setns",
                                         "settimeofday",
                                         "stime",
                                         "swapoff",
                                         "swapon",
                                         "syslog",
                                         "umount",
                                         "umount2",
                                         "unshare",
                                         "userfaultfd",
                                         "vhangup"};

constexpr const char* kMasked[] = {"/proc/acpi",
                                   "/proc/asound",
                                   "/proc/kcore",
                                   "/proc/keys",
                                   "/proc/latency_stats",
                                   "/proc/timer_list",
                                   "/proc/timer_stats",
                                   "/proc/sched_debug",
                                   "/proc/scsi",
                                   "/sys/firmware",
                                   "/sys/devices/virtual/powercap"};
constexpr const char* kReadOnly[] = {"/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys",
                                     "/proc/sysrq-trigger"};

template <class Range>
json::array texts(const Range& items) {
  json::array out;
  for (const auto& item : items) out.push_back(json::value(item));
  return out;
}

json::object mount(const char* to, const char* type, const char* from,
                   std::initializer_list<const char*> options) {
  return {{"destination", to}, {"type", type}, {"source", from}, {"options", texts(options)}};
}

json::object shown(const Mount& mount) {
  return {
      {"destination", mount.to},
      {"type", "bind"},
      {"source", mount.from},
      {"options", texts(std::initializer_list<const char*>{"rbind", "rprivate", "nosuid", "nodev",
                                                           mount.is_read_only ? "ro" : "rw"})}};
}

json::array mounts_of(const ContainerSpec& container, const OciFacts& facts) {
  json::array out{
      mount("/proc", "proc", "proc", {"nosuid", "noexec", "nodev"}),
      mount("/dev", "tmpfs", "tmpfs", {"nosuid", "strictatime", "mode=755", "size=65536k"}),
      mount("/dev/pts", "devpts", "devpts",
            {"nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620"}),
      mount("/dev/shm", "tmpfs", "shm",
            {"nosuid", "noexec", "nodev", "mode=1777", "size=67108864"}),
      mount("/sys", container.has_own_network() ? "sysfs" : "none",
            container.has_own_network() ? "sysfs" : "/sys",
            {container.has_own_network() ? "nosuid" : "rbind", "noexec", "nodev", "ro"}),
      mount("/tmp", "tmpfs", "tmpfs", {"nosuid", "nodev", "mode=1777"})};
  for (const auto& each : container_mounts(container, facts.init_program))
    out.push_back(shown(each));
  if (!facts.hosts_file.empty()) out.push_back(shown({facts.hosts_file, "/etc/hosts", true}));
  return out;
}

json::array namespaces_of(const ContainerSpec& container) {
  json::array out;
  for (const char* each : {"pid", "mount", "ipc", "uts"}) out.push_back({{"type", each}});
  if (!container.has_own_network()) return out;
  json::object network{{"type", "network"}};
  if (container.network != ContainerSpec::kNone)
    network["path"] = "/run/netns/" + container.network;
  out.push_back(std::move(network));
  return out;
}

json::object resources_of(const ContainerSpec& container) {
  json::object out{{"devices", json::array{{{"allow", false}, {"access", "rwm"}}}},
                   {"pids", {{"limit", container.most_processes}}}};
  if (container.memory_limit > 0) out["memory"] = {{"limit", container.memory_limit}};
  return out;
}

}  // namespace

std::string hosts_text(const ContainerSpec& container) {
  std::string out = "127.0.0.1 localhost\n::1 localhost\n127.0.0.1 " + container.name + "\n";
  for (const auto& each : container.hosts) out += each.address + " " + each.name + "\n";
  return out;
}

json::object oci_config(const ContainerSpec& container, const OciFacts& facts) {
  const json::array capabilities = texts(kCapabilities);
  json::object process{
      {"terminal", false},
      {"user", {{"uid", 0}, {"gid", 0}}},
      {"args", json::array{kInit, "--order", kOrderSocket}},
      {"env", json::array{json::value(std::string("PATH=") + kContainerPath)}},
      {"cwd", "/"},
      {"noNewPrivileges", true},
      {"capabilities",
       {{"bounding", capabilities}, {"effective", capabilities}, {"permitted", capabilities}}}};
  json::object seccomp{
      {"defaultAction", "SCMP_ACT_ALLOW"},
      {"architectures", json::array{"SCMP_ARCH_X86_64", "SCMP_ARCH_X86", "SCMP_ARCH_X32",
                                    "SCMP_ARCH_AARCH64", "SCMP_ARCH_ARM"}},
      {"syscalls", json::array{{{"names", texts(kRefusedCalls)}, {"action", "SCMP_ACT_ERRNO"}}}}};
  return {{"ociVersion", "1.0.2"},
          {"process", std::move(process)},
          {"root", {{"path", facts.root}, {"readonly", false}}},
          {"hostname", container.name},
          {"mounts", mounts_of(container, facts)},
          {"linux",
           {{"cgroupsPath", cgroup_path(container.name)},
            {"namespaces", namespaces_of(container)},
            {"resources", resources_of(container)},
            {"seccomp", std::move(seccomp)},
            {"maskedPaths", texts(kMasked)},
            {"readonlyPaths", texts(kReadOnly)}}}};
}

}  // namespace strongroom::workroom
