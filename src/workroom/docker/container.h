// A container of the engine's: what it is made of, and what is asked of it by its id.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>
#include <string>

#include "base/json.h"
#include "base/result.h"
#include "io/task.h"
#include "workroom/docker/engine.h"
#include "workroom/runtime.h"

namespace strongroom::workroom::docker {

inline constexpr const char* kSessionLabel = "strongroom.session";
/// Whose maker is gone when this folder is.
inline constexpr const char* kFolderLabel = "strongroom.folder";
/// To whom the folder's path means what it meant to its maker: this_place().
inline constexpr const char* kPlaceLabel = "strongroom.place";

struct ContainerFacts {
  std::string image;  ///< its id
  std::string init_program;
  std::string working_directory;
  std::string session;
  std::string folder;  ///< of the session
};

/// What POST /containers/create takes. It holds no variable, no argument and no stream of the
/// session: those come over the order socket. Invalid: a network of another container's.
[[nodiscard]] Result<json::object> container_config(const ContainerSpec& container,
                                                    const ContainerFacts& facts);

[[nodiscard]] io::Task<Result<std::string>> create_container(Engine& engine, std::string name,
                                                             json::object config);
[[nodiscard]] io::Task<Status> start_container(Engine& engine, std::string id);
/// Of its process 1, as this machine counts. Unavailable: it does not run (any more).
[[nodiscard]] io::Task<Result<pid_t>> pid_of_container(Engine& engine, std::string id);
/// Once it does not run: its status.
[[nodiscard]] io::Task<Result<int>> status_of_container(Engine& engine, std::string id);
[[nodiscard]] io::Task<Status> kill_container(Engine& engine, std::string id);
/// With its volumes, whatever it does; good as well when it is gone already. Asks again for a while
/// where the engine is busy or away.
[[nodiscard]] io::Task<Status> remove_container(Engine& engine, std::string id, Duration within);
/// A small file of it, links followed; empty where there is none. It need not run.
[[nodiscard]] io::Task<Result<std::string>> file_of_container(Engine& engine, std::string id,
                                                              std::string path);
/// This boot of this machine, and this view of its files.
[[nodiscard]] std::string this_place();
/// Containers of sessions whose folder is gone: a killed runner has left them. Of another place
/// only those that do not run, and were not made just now. (None runs: init leaves when its runner
/// has.)
[[nodiscard]] io::Task<void> remove_abandoned(Engine& engine);

}  // namespace strongroom::workroom::docker
