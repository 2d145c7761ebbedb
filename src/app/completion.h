// Completion: what may come next on a line that is being typed. The scripts of the shells are thin:
// they ask this program (kCompletionCommand), which looks into the description of its own command
// line and, where a server runs, into lists of names. No value of a key is in any of these.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "app/command_description.h"

namespace strongroom::app {

/// What the shells start for each completion.
inline constexpr const char* kCompletionCommand = "complete-as-asked";

struct Candidate {
  std::string text;
  std::string help;
};

/// What the line says already that names depend on.
struct TypedSoFar {
  std::optional<std::string> data;
  std::string tenant;
};

/// Names of a kind ("TENANT", "KEY"), as a server or the catalogue knows them.
using Names = std::function<std::vector<Candidate>(const std::string& kind, const TypedSoFar&)>;

struct Completion {
  /// Files and Folders: the shell does it by itself.
  enum class Kind { Words, Files, Folders } kind = Kind::Words;
  std::vector<Candidate> candidates;
};

/// `words`: what stands after the program's name, the last of them being typed (perhaps empty).
[[nodiscard]] Completion complete(const CommandLineDescription& description,
                                  const std::vector<std::string>& words, const Names& names);
/// For the scripts: the kind, then a line for each candidate, its help after a tab.
[[nodiscard]] std::string to_lines(const Completion& completion);

/// From the server that the line means, else from the catalogue that is compiled in.
[[nodiscard]] std::vector<Candidate> known_names(const std::string& kind, const TypedSoFar& typed);

/// For bash, zsh or fish; `program`: what it asks.
[[nodiscard]] std::optional<std::string> completion_script(const std::string& shell,
                                                           const std::string& program);

}  // namespace strongroom::app
