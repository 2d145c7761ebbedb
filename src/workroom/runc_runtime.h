// The runc runtime: a container by any program that follows the OCI runtime specification.
//
// Used by: app's runner. Threads: its loop's. Needs root. The image is never written to: the
// workroom's root is a layer over it in memory, in a mount namespace of this process, so that the
// kernel takes it away with the last process that sees it. The runtime's own state lies in the
// session's folder, where remove_abandoned() finds what a killed runner has left.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "workroom/image.h"
#include "workroom/runtime.h"

namespace strongroom::workroom {

class RuncRuntime final : public Runtime {
 public:
  struct Plan {
    std::string program = "runc";  ///< or a path: crun, youki
    std::string folder;            ///< of the session (SessionFolder::path), for state and bundle
    std::string scratch_size = "50%";  ///< of what the workroom writes, as tmpfs(5) takes it
  };
  explicit RuncRuntime(Plan plan) : plan_(std::move(plan)) {}
  io::Task<Result<std::unique_ptr<RunningInit>>> launch(io::Loop& loop,
                                                        WorkroomSpec& spec) override;
  /// Ends and removes the containers of a session's folder.
  static void remove_abandoned(const std::string& folder);

 private:
  [[nodiscard]] Result<std::string> mount_root(const Image& image) const;
  [[nodiscard]] Status note_program() const;
  [[nodiscard]] Status write_bundle(const WorkroomSpec& spec, const std::string& root) const;
  Plan plan_;
};

}  // namespace strongroom::workroom
