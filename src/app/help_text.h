// What --help prints. SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>

#include "app/command_description.h"
#include "app/screen.h"

namespace strongroom::app {

[[nodiscard]] std::string help_text(const CommandDescription& command,
                                    const std::vector<FlagDescription>& everywhere,
                                    const Screen& screen);

/// "-t, --tty", "--pull missing|always|never", "SERVICE".
[[nodiscard]] std::string spelled(const FlagDescription& flag);
/// Names of headings in the order in which they first stand.
template <class Each>
[[nodiscard]] std::vector<std::string> headings_of(const std::vector<Each>& list) {
  std::vector<std::string> out;
  for (const auto& each : list) {
    bool is_known = false;
    for (const auto& heading : out) is_known = is_known || heading == each.group;
    if (!is_known) out.push_back(each.group);
  }
  return out;
}
/// "strongroom key add SERVICE --tenant TENANT [FLAG...]".
[[nodiscard]] std::string usage_of(const CommandDescription& command);
/// The command that a mistyped word may have meant.
[[nodiscard]] std::optional<std::string> nearest_command(const CommandDescription& command,
                                                         const std::string& word);
/// What it is for, and what may be said of how it is to be used.
[[nodiscard]] std::string help_of(const FlagDescription& flag);

}  // namespace strongroom::app
