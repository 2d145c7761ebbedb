// Supervision: the supervisor of one runner, and the record by which it, or whoever comes later,
// ends what the runner has left.
//
// Used by: Runner. Threads: its owner's. The record stays where
// the runner could not tell the vault of its end: its supervisor does then.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>
#include <cstdint>
#include <optional>
#include <string>

#include "app/control_client.h"
#include "base/id.h"
#include "base/result.h"
#include "workroom/session_folder.h"
#include "workroom/supervision_record.h"

namespace strongroom::app {

class Supervision {
 public:
  /// Also ends what earlier runners and their supervisors have left.
  static Result<Supervision> begin(SessionId session, const Server& server);
  /// Of a runner whose workroom a platform starts, out of a supervisor's sight: nobody.
  static Supervision none() { return {}; }
  Supervision(Supervision&& other) noexcept;
  Supervision& operator=(Supervision&&) = delete;
  ~Supervision();  ///< as release(), or as what the last call said

  [[nodiscard]] std::uint32_t pid() const noexcept { return pid_; }
  /// Where the vault is and by which credential it is told; `channel` is a connection to it.
  [[nodiscard]] Status describe(const Server& server, int channel, std::string credential);
  void describe_container(std::string name, std::string engine_socket);
  /// Before the process is given anything.
  [[nodiscard]] Status hold(workroom::HoldingProcess::Kind kind, pid_t pid);
  /// The vault has been told: nothing is left to do.
  void release();
  /// It has not: the supervisor tells it.
  void hand_over();

 private:
  Supervision() = default;
  [[nodiscard]] Status cannot_write() const;
  Supervision(workroom::SessionFolder folder, int wire, std::uint32_t pid, SessionId session);
  std::optional<workroom::SessionFolder> folder_;
  int wire_ = -1;
  std::uint32_t pid_ = 0;
  workroom::SupervisionRecord record_;
};

}  // namespace strongroom::app
