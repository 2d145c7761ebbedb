// Runtime: what starts a workroom's first process, strongroom-init, and what the rest of this room
// needs of it. Implemented by process_runtime.h, runc_runtime.h and docker_runtime.h.
//
// Used by: Workroom, app's runner. Threads: the loop's. Nothing that a runtime is given or writes
// down holds a value: init asks for its order over a socket once it runs (wire.h).
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "io/loop.h"
#include "io/task.h"
#include "workroom/environment.h"
#include "workroom/places.h"
#include "workroom/wire.h"

namespace strongroom::workroom {

enum class Isolation : std::uint8_t { Descendants, Namespace };

/// A folder or file of the machine, shown in a container.
struct Mount {
  std::string from;  ///< absolute
  std::string to;    ///< absolute, in the container
  bool is_read_only = false;
};

/// A name that leads to an address of the workroom's own loopback.
struct HostName {
  std::string address;
  std::string name;
};

/// Whom the command runs as. Init itself stays who the runtime made it.
struct CommandUser {
  uid_t user = 0;
  gid_t group = 0;
};

/// What only containers have.
struct ContainerSpec {
  std::string name;             ///< of the container: letters, digits and '-'
  std::string image;            ///< of the runtime: a folder, a layout, an image's name
  std::string user;             ///< as `--user` has it; empty: the image's
  std::string network = kNone;  ///< kNone, kHost, or a network that the runtime knows
  std::vector<Mount> mounts;
  std::vector<HostName> hosts;
  std::string inside;          ///< folder of the machine, shown read-only as kInside
  std::string gateway_folder;  ///< with the session's socket, shown as kGatewayFolder; may be empty
  std::int64_t most_processes = 4096;
  std::int64_t memory_limit = 0;  ///< octets; 0: none

  static constexpr const char* kNone = "none";
  static constexpr const char* kHost = "host";
  [[nodiscard]] bool has_own_network() const { return network != kHost; }
};

/// Of the session whose folder is called so.
[[nodiscard]] inline std::string container_name(const std::string& session) {
  return "strongroom-" + session;
}

struct WorkroomSpec {
  std::string
      init_program;  ///< path of strongroom-init: beside the running program (io::own_directory)
  std::vector<std::string> command;  ///< searched in the workroom's own PATH
  Environment environment;           ///< exactly this, once the workroom has been launched
  std::string working_directory;     ///< empty: the caller's, or the image's
  Isolation at_most = Isolation::Namespace;
  Streams streams;
  std::optional<CommandUser> user;
  std::vector<Relay> relays;
  ContainerSpec container;
  std::vector<PlainVariable> image_variables;  ///< for add_of_image(), in the order of precedence
};

/// Process 1 of a workroom: started and connected, waiting for its order. Destroyed before it has
/// ended, it is killed with all it started, and what can be removed at once is.
class RunningInit {
 public:
  RunningInit() = default;
  RunningInit(const RunningInit&) = delete;
  RunningInit& operator=(const RunningInit&) = delete;
  virtual ~RunningInit() = default;

  /// As this process sees it; every process of the workroom descends from it.
  [[nodiscard]] virtual pid_t pid() const noexcept = 0;
  [[nodiscard]] virtual Isolation isolation() const noexcept = 0;
  /// Is the workroom in our own process group, so that the terminal's signals reach it by
  /// themselves?
  [[nodiscard]] virtual bool shares_group() const noexcept { return false; }
  /// Do the spec's streams travel with the order, because the runtime has given init none?
  [[nodiscard]] virtual bool wants_streams() const noexcept { return false; }
  /// Are its processes out of our sight, so that init itself is asked to end them?
  [[nodiscard]] virtual bool is_elsewhere() const noexcept { return false; }
  /// Our end, open for as long as this is.
  [[nodiscard]] virtual int wire() const noexcept = 0;
  /// KILL to process 1, and so to all of its namespace. Harmless after its end.
  virtual void kill() noexcept = 0;
  /// Once process 1 has gone: its status in the shell's manner. Called once.
  [[nodiscard]] virtual io::Task<int> exited() = 0;
  /// After exited(): the engine's records, cgroups, mounts and folders.
  [[nodiscard]] virtual io::Task<void> remove() = 0;
};

class Runtime {
 public:
  Runtime() = default;
  Runtime(const Runtime&) = delete;
  Runtime& operator=(const Runtime&) = delete;
  virtual ~Runtime() = default;
  /// What the image says of the command, the user and the folder is filled in where the spec says
  /// nothing, and its variables are added. The session's own need not be there yet: nothing of the
  /// environment is used here, so that no value has to wait for a runtime.
  [[nodiscard]] virtual io::Task<Result<std::unique_ptr<RunningInit>>> launch(
      io::Loop& loop, WorkroomSpec& spec) = 0;
};

}  // namespace strongroom::workroom
