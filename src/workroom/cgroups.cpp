// SPDX-License-Identifier: Apache-2.0
#include "workroom/cgroups.h"

#include <unistd.h>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <thread>
#include <vector>

namespace strongroom::workroom {
namespace {

namespace fs = std::filesystem;

constexpr const char* kRoot = "/sys/fs/cgroup";
constexpr int kRounds = 100;
constexpr std::chrono::milliseconds kLook{10};

std::vector<fs::path> groups_of(const std::string& container) {
  std::vector<fs::path> out;
  std::error_code problem;
  const std::string below = cgroup_path(container).substr(1);
  const auto add = [&](const fs::path& hierarchy) {
    if (fs::is_directory(hierarchy / below, problem)) out.push_back(hierarchy / below);
  };
  add(kRoot);
  for (const auto& each : fs::directory_iterator(kRoot, problem))
    if (each.is_directory(problem)) add(each.path());
  return out;
}

void kill_all(const fs::path& group) {
  std::ifstream processes(group / "cgroup.procs");
  for (pid_t pid = 0; processes >> pid;)
    if (pid > 1) ::kill(pid, SIGKILL);
}

}  // namespace

std::string cgroup_path(const std::string& container) {
  return "/strongroom/" + container;
}

void kill_cgroups(const std::string& container) {
  for (const auto& group : groups_of(container)) kill_all(group);
}

void remove_cgroups(const std::string& container) {
  for (const auto& group : groups_of(container))
    for (int round = 0; round < kRounds && ::rmdir(group.c_str()) != 0 && errno == EBUSY; ++round) {
      kill_all(group);
      std::this_thread::sleep_for(kLook);
    }
}

}  // namespace strongroom::workroom
