// ProcessWorkroom: a workroom that is a tree of processes on this machine (development).
//
// Used by: app's runner. Threads: its loop's. strongroom-init leads the tree, in a process-id namespace (and mount namespace with a /proc of its
// own) where the machine allows one: then nothing outlives it, double forks included, and it does not outlive the runner. Elsewhere init is a
// subreaper that walks its descendants. SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "io/loop.h"
#include "io/stream.h"
#include "io/task.h"
#include "lease/messages.h"
#include "workroom/environment.h"

namespace strongroom::workroom {

struct Spec {
  std::string init_program;             ///< path of strongroom-init
  std::vector<std::string> command;
  std::vector<Variable> variables;      ///< exactly these
};

class ProcessWorkroom {
 public:
  /// The command runs when this answers. NotFound when it cannot be started (code 127 for a shell).
  [[nodiscard]] static io::Task<Result<std::unique_ptr<ProcessWorkroom>>> start(io::Loop& loop, std::unique_ptr<Spec> spec);
  ~ProcessWorkroom();  ///< kills what is left

  /// Waits for the command and for everything it left behind; its wait status.
  [[nodiscard]] io::Task<int> finished();
  /// TERM to all, KILL after `grace`. finished() then answers.
  void end(std::chrono::milliseconds grace);
  /// To the command alone.
  void forward(int signal_number);
  /// Every process of the tree but init, as the machine numbers them, with its name.
  [[nodiscard]] std::vector<lease::ProcessOutcome> processes() const;
  /// The same list with `is_dead` set by looking again.
  static void look_again(std::vector<lease::ProcessOutcome>& processes);
  [[nodiscard]] bool has_own_namespace() const { return has_namespace_; }

 private:
  ProcessWorkroom(io::Loop& loop, io::Stream words, int init_pid, bool has_namespace);
  io::Task<void> listen();
  io::Task<Status> wait_for_start();
  void tell(std::vector<std::uint8_t> octets);
  io::Task<void> send(std::vector<std::uint8_t> octets);
  io::Loop& loop_;
  io::Stream words_;
  io::Event over_;
  int init_pid_;
  bool has_namespace_;
  int status_ = 0;
  bool is_over_ = false;
};

}  // namespace strongroom::workroom
