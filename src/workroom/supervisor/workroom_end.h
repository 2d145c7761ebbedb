// WorkroomEnd: ends what a dead runner has left behind, and knows when nothing of it lives.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "workroom/supervision_record.h"

namespace strongroom::workroom {

class WorkroomEnd {
 public:
  WorkroomEnd(std::string folder, SupervisionRecord record)
      : folder_(std::move(folder)), record_(std::move(record)) {}

  /// Can its processes be seen from here?
  [[nodiscard]] bool is_in_sight() const { return place() != Place::Elsewhere; }
  /// One round: kills what still lives. True once nothing does, as far as can be known.
  bool kill();
  /// To remove the container, where an engine has it.
  void ask_engine() const;
  /// All that was seen, each with whether it is dead.
  struct Seen {
    Process process;
    bool is_dead = false;
  };
  [[nodiscard]] std::vector<Seen> seen() const;
  /// What can never be known; empty: nothing.
  [[nodiscard]] const std::string& doubt() const noexcept { return doubt_; }
  /// Groups, containers and the session's other folders.
  void clear_away() const;

 private:
  enum class Place { Here, BeforeReboot, Elsewhere };
  [[nodiscard]] Place place() const;
  bool kill(const HoldingProcess& holding);
  void note(const Process& process);

  std::string folder_;
  SupervisionRecord record_;
  std::vector<Process> seen_;
  std::string doubt_;
};

}  // namespace strongroom::workroom
