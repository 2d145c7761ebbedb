// The command line as data: --help, the manual page and completion are made from it, and it is made
// from the very declarations that parse (cli_*.cpp), so that none of them can fall behind.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

namespace strongroom::app {

/// A flag, or an argument that is known by its place.
struct FlagDescription {
  std::vector<std::string> names;  ///< "-t", "--tty"; none: known by its place
  std::string value;               ///< what it takes, as TENANT; empty: nothing
  std::vector<std::string> choices;
  std::string help;
  std::string group;  ///< the heading under which it stands
  bool is_needed = false;
  bool is_repeatable = false;
};

struct CommandDescription {
  std::vector<std::string> words;  ///< "strongroom", "key", "add"
  std::string help;
  std::string group;                  ///< the heading under which it stands
  std::string rest;                   ///< what follows all flags, as "-- COMMAND [ARGUMENT...]"
  std::vector<std::string> notes;     ///< paragraphs
  std::vector<std::string> examples;  ///< whole lines, "strongroom key list   # which there are"
  std::vector<FlagDescription> places;
  std::vector<FlagDescription> flags;  ///< its own, without those that every command has
  std::vector<CommandDescription> commands;

  /// "strongroom key add".
  [[nodiscard]] std::string path() const;
  [[nodiscard]] const CommandDescription* command(const std::string& word) const;
};

/// The whole command line.
struct CommandLineDescription {
  CommandDescription root;
  std::vector<FlagDescription> everywhere;  ///< flags that every command has
};

/// The last words of a line that say nothing to the programs: "   # which there are".
[[nodiscard]] std::string without_remark(const std::string& example);

}  // namespace strongroom::app
