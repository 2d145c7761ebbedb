// ExecServer: narrow injection. The workroom's processes ask here, by `strongroom-init exec`, for
// one command to be run with just the services it names; everything else runs without any value.
//
// The command is started by process 1, below an init of its own (wire.h, kWireInner), so it is
// nobody's child in the workroom, and what it leaves behind ends with it. Used by: app's
// NarrowKeys. Threads: the loop's. Waits for no process of the workroom; bounded in number, size
// and time. SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "io/loop.h"
#include "io/net.h"
#include "workroom/exec_request.h"
#include "workroom/runtime.h"
#include "workroom/workroom.h"

namespace strongroom::workroom {

/// Who has the values, and the record.
class ExecKeys {
 public:
  ExecKeys() = default;
  ExecKeys(const ExecKeys&) = delete;
  ExecKeys& operator=(const ExecKeys&) = delete;
  virtual ~ExecKeys() = default;

  using Uses = std::vector<std::uint64_t>;
  /// One use of each service's keys, durable when this answers. NotFound: a service that was not
  /// granted (recorded as a finding).
  [[nodiscard]] virtual io::Task<Result<Uses>> record(std::vector<std::string> services,
                                                      std::string program) = 0;
  /// The services' variables, in place of what stands there under the same names. Revoked.
  [[nodiscard]] virtual Status add(const std::vector<std::string>& services,
                                   Environment& environment) const = 0;
  enum class Outcome : std::uint8_t { Ended, NotStarted, ClientLeft };
  virtual void settle(const Uses& uses, int status, Outcome outcome) = 0;
  /// As an exit code.
  [[nodiscard]] virtual int exit_code(const Error& error) const = 0;
};

class ExecServer {
 public:
  static constexpr int kMost = 32;  ///< commands at once

  struct Plan {
    std::string path;                 ///< of the socket, on this machine
    std::optional<CommandUser> user;  ///< `--exec-user`: whom the commands run as
    /// None before it has started and once it is over.
    std::function<Workroom*()> workroom;
  };
  /// `keys` outlives the server and the loop's coroutines.
  static Result<std::unique_ptr<ExecServer>> open(io::Loop& loop, Plan plan, ExecKeys& keys);
  ExecServer(const ExecServer&) = delete;
  ExecServer& operator=(const ExecServer&) = delete;
  ~ExecServer();

 private:
  struct State;
  ExecServer(io::Loop& loop, int fd, const std::shared_ptr<State>& state);
  std::shared_ptr<State> state_;
  io::Acceptor acceptor_;
};

}  // namespace strongroom::workroom
