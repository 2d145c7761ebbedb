// SPDX-License-Identifier: Apache-2.0
#include "workroom/supervisor/workroom_end.h"

#include <algorithm>
#include <csignal>
#include <filesystem>

#include "workroom/cgroups.h"
#include "workroom/supervisor/call.h"

namespace strongroom::workroom {
namespace {

namespace fs = std::filesystem;

bool is_same(const Process& one, const Process& other) {
  return one.pid == other.pid && one.started == other.started;
}

std::string_view boot_of(std::string_view place) {
  return place.substr(0, place.find(' '));
}

}  // namespace

WorkroomEnd::Place WorkroomEnd::place() const {
  const std::string here = place_of_processes();
  if (here.empty()) return Place::Elsewhere;
  if (record_.place == here) return Place::Here;
  return boot_of(record_.place) == boot_of(here) ? Place::Elsewhere : Place::BeforeReboot;
}

void WorkroomEnd::note(const Process& process) {
  const bool is_known =
      std::ranges::any_of(seen_, [&](const Process& each) { return is_same(each, process); });
  if (!is_known) seen_.push_back(process);
}

/// KILL again in each round: what forks meanwhile is found in the next.
bool WorkroomEnd::kill(const HoldingProcess& holding) {
  note(holding.process);
  if (!is_alive(holding.process)) return true;
  if (holding.kind != HoldingProcess::Kind::Single)
    for (const Process& each : living_descendants(holding.process.pid)) {
      note(each);
      if (holding.kind == HoldingProcess::Kind::Descendants) signal_process(each, SIGKILL);
    }
  // Without a namespace it ends its own descendants first, by itself, as its runner has gone.
  if (holding.kind != HoldingProcess::Kind::Descendants) signal_process(holding.process, SIGKILL);
  return false;
}

bool WorkroomEnd::kill() {
  std::vector<HoldingProcess> holding;
  if (!read_holding(folder_, holding)) {
    doubt_ = "which processes it had is not known any more";
    return true;
  }
  if (place() == Place::BeforeReboot) return true;  // none of them has outlived that
  bool all_are_dead = true;
  for (const auto& each : holding) {
    all_are_dead = kill(each) && all_are_dead;
    if (each.kind == HoldingProcess::Kind::Descendants)
      doubt_ = "it had no process-id namespace: what left it before its end is not known";
  }
  if (!all_are_dead && !record_.container.empty()) kill_cgroups(record_.container);
  return all_are_dead &&
         std::ranges::none_of(seen_, [](const Process& each) { return is_alive(each); });
}

std::vector<WorkroomEnd::Seen> WorkroomEnd::seen() const {
  std::vector<Seen> out;
  for (const auto& each : seen_) out.push_back({each, !is_alive(each)});
  return out;
}

void WorkroomEnd::ask_engine() const {
  if (!record_.engine_socket.empty()) remove_container(record_.engine_socket, record_.container);
}

void WorkroomEnd::clear_away() const {
  ask_engine();
  if (!record_.container.empty()) remove_cgroups(record_.container);
  // "ses_x", "ses_x-ssh": mounts in them went with the last process that saw them.
  std::error_code problem;
  const fs::path own(folder_);
  std::vector<fs::path> others;
  for (const auto& entry : fs::directory_iterator(own.parent_path(), problem))
    if (entry.path() != own && entry.path().filename().string().starts_with(record_.session))
      others.push_back(entry.path());
  for (const auto& each : others) fs::remove_all(each, problem);
}

}  // namespace strongroom::workroom
