// An image of the engine's: what it says of the command, and how it comes to be there.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "io/task.h"
#include "workroom/docker/engine.h"
#include "workroom/environment.h"

namespace strongroom::workroom::docker {

enum class Pull : std::uint8_t { Missing, Always, Never };
[[nodiscard]] Result<Pull> parse_pull(const std::string& text);

struct Image {
  std::string id;                    ///< "sha256:...": what was looked at is what is started
  std::vector<std::string> command;  ///< entry point and arguments
  std::vector<PlainVariable> variables;
  std::string working_directory;
  std::string user;  ///< "", "NAME", "UID", either with ":GROUP"
};

/// Of the engine's description (GET /images/NAME/json).
[[nodiscard]] Result<Image> read_image(const json::object& description);
/// `name` as `docker run` takes it: NAME[:TAG], NAME@DIGEST, or an id. NotFound where it is not
/// there and may not, or cannot, be pulled.
[[nodiscard]] io::Task<Result<Image>> find_image(Engine& engine, std::string name, Pull pull);

}  // namespace strongroom::workroom::docker
