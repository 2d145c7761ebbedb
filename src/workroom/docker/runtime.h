// The docker runtime: a container by a Docker Engine on this machine.
//
// Used by: app's runner. Threads: its loop's; the engine is never waited for in any other way. The
// engine learns of the image, the mounts and the limits, and nothing of the session: command,
// variables and standard streams go from the runner to init over the order socket, so that no octet
// of them passes through the engine, its records or its logs. SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "workroom/docker/image.h"
#include "workroom/runtime.h"

namespace strongroom::workroom::docker {

class DockerRuntime final : public Runtime {
 public:
  struct Plan {
    std::string socket;  ///< of the engine (Engine::find_socket)
    Pull pull = Pull::Missing;
    std::string session;
    std::string folder;  ///< of the session (SessionFolder::path)
  };
  explicit DockerRuntime(Plan plan) : plan_(std::move(plan)) {}
  /// Also removes what killed runners have left with this engine.
  io::Task<Result<std::unique_ptr<RunningInit>>> launch(io::Loop& loop,
                                                        WorkroomSpec& spec) override;

 private:
  Plan plan_;
};

}  // namespace strongroom::workroom::docker
