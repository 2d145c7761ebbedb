// Git's credentials without a file: GIT_CONFIG_* variables that name, for each host, a helper which
// prints the token from the service's own variable. They hold no token themselves
// (services.md 4.2). SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "workroom/environment.h"
#include "workroom/templates.h"

namespace strongroom::workroom {

class GitHelpers {
 public:
  /// Nothing for a service without git. `variable` holds the token in the workroom. Invalid where a
  /// setting or the token could leave its place in the helper's script or answer.
  [[nodiscard]] Status add(const TemplateInputs& inputs, const std::string& variable);
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
