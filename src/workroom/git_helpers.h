// Git's credentials without a file: GIT_CONFIG_* variables that name, for each host, a helper which
// prints the token from the service's own variable. They hold no token themselves
// (services.md 4.2). Under narrow injection the helper asks strongroom-init for it.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"
#include "workroom/environment.h"
#include "workroom/templates.h"

namespace strongroom::workroom {

class GitHelpers {
 public:
  /// Where the token is found that a helper answers with.
  enum class Source : std::uint8_t {
    Environment,  ///< of the session
    ExecOrOwn,    ///< asked for, where the command has not been given it already
    ExecAlways    ///< asked for: what a command was given may have been renewed since
  };
  /// Nothing for a service without git. `variable` holds the token in the workroom, or in the
  /// environment of what `exec_program` (strongroom-init) is asked to run. Invalid where a setting
  /// or the token could leave its place in the helper's script or answer.
  [[nodiscard]] Status add(const TemplateInputs& inputs, const std::string& variable, Source source,
                           const std::string& exec_program);
  /// All services' pairs under one count; none when no service has git.
  [[nodiscard]] std::vector<PlainVariable> variables() const;

 private:
  struct Pair {
    std::string key;
    std::string value;
  };
  std::vector<Pair> pairs_;
};

}  // namespace strongroom::workroom
