// The process runtime, for development: the command sees this machine as its user does.
//
// Init is process 1 of a process-id namespace of its own where the machine allows it. Elsewhere
// (Isolation::Descendants) runner and init are subreapers and end all descendants; one such
// workroom a process. Used by: app's runner. SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "workroom/runtime.h"
#include "workroom/workroom.h"

namespace strongroom::workroom {

class ProcessRuntime final : public Runtime {
 public:
  io::Task<Result<std::unique_ptr<RunningInit>>> launch(io::Loop& loop,
                                                        WorkroomSpec& spec) override;
  /// The same without a wait.
  static Result<std::unique_ptr<RunningInit>> launch_now(io::Loop& loop, const WorkroomSpec& spec);
};

/// Launched and begun.
[[nodiscard]] Result<std::unique_ptr<Workroom>> start_process_workroom(io::Loop& loop,
                                                                       WorkroomSpec spec);

}  // namespace strongroom::workroom
