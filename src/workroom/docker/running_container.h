// RunningContainer: a container from when it was made until it is removed.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>

#include "workroom/docker/engine.h"
#include "workroom/handed_streams.h"
#include "workroom/process_handle.h"
#include "workroom/runtime.h"

namespace strongroom::workroom::docker {

class RunningContainer final : public RunningInit {
 public:
  RunningContainer(std::shared_ptr<Engine> engine, std::string id, HandedStreams streams);
  /// Removes it, waiting some seconds at most, where remove() was not called.
  ~RunningContainer() override;

  /// Of its process 1: Unavailable, Protocol where it is no first process of a namespace.
  [[nodiscard]] Status adopt(pid_t pid);
  void take_wire(int fd) noexcept { wire_ = fd; }

  [[nodiscard]] pid_t pid() const noexcept override { return pid_; }
  [[nodiscard]] Isolation isolation() const noexcept override { return Isolation::Namespace; }
  [[nodiscard]] bool wants_streams() const noexcept override { return true; }
  [[nodiscard]] int wire() const noexcept override { return wire_; }
  void kill() noexcept override;
  io::Task<int> exited() override;
  io::Task<void> remove() override;

 private:
  static io::Task<void> kill_by_engine(std::shared_ptr<Engine> engine, std::string id,
                                       std::shared_ptr<bool> is_asked);
  void remove_now() noexcept;

  std::shared_ptr<Engine> engine_;
  std::string id_;
  HandedStreams streams_;
  ProcessHandle process_;
  pid_t pid_ = -1;
  int wire_ = -1;
  std::shared_ptr<bool> is_kill_asked_ = std::make_shared<bool>(false);  ///< of the engine
  bool is_killed_ = false;
  bool is_removed_ = false;
};

}  // namespace strongroom::workroom::docker
