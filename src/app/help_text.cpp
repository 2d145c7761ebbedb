// SPDX-License-Identifier: Apache-2.0
#include "app/help_text.h"

#include <algorithm>
#include <numeric>
#include <utility>

namespace strongroom::app {
namespace {

constexpr std::size_t kWidest = 100;
constexpr std::size_t kWidestName = 28;

struct Line {
  std::string name;
  std::string help;
};

std::string joined(const std::vector<std::string>& words, std::string_view between) {
  std::string out;
  for (const auto& word : words) out += (out.empty() ? "" : std::string(between)) + word;
  return out;
}

/// Names beside their help, under a heading. All columns of one help text are alike.
std::string section(const std::string& heading, const std::vector<Line>& lines, std::size_t column,
                    const Screen& screen) {
  if (lines.empty()) return {};
  std::string out = "\n" + screen.styled(Style::Heading, heading) + "\n";
  for (const auto& line : lines) {
    out += "  " + line.name;
    const std::size_t width = 2 + width_of(line.name);
    out += width + 2 <= column ? std::string(column - width, ' ') : "\n" + std::string(column, ' ');
    out += wrapped(line.help, std::min(screen.columns, kWidest), column) + "\n";
  }
  return out;
}

std::vector<Line> lines_of(const std::vector<FlagDescription>& flags, const std::string* heading) {
  std::vector<Line> out;
  for (const auto& flag : flags)
    if (heading == nullptr || flag.group == *heading) out.push_back({spelled(flag), help_of(flag)});
  return out;
}

std::vector<Line> lines_of(const std::vector<CommandDescription>& commands,
                           const std::string& heading) {
  std::vector<Line> out;
  for (const auto& each : commands)
    if (each.group == heading) out.push_back({each.words.back(), each.help});
  return out;
}

std::size_t column_for(const CommandDescription& command,
                       const std::vector<FlagDescription>& everywhere) {
  std::size_t widest = 0;
  const auto weigh = [&](const std::string& name) {
    if (width_of(name) <= kWidestName) widest = std::max(widest, width_of(name));
  };
  for (const auto& each : command.commands) weigh(each.words.back());
  for (const auto* list : {&command.places, &command.flags, &everywhere})
    for (const auto& each : *list) weigh(spelled(each));
  return widest + 4;
}

std::string examples_of(const CommandDescription& command, const Screen& screen) {
  if (command.examples.empty()) return {};
  std::string out = "\n" + screen.styled(Style::Heading, "Examples") + "\n";
  for (const auto& each : command.examples) {
    const std::string line = without_remark(each);
    out += "  " + line + screen.styled(Style::Faint, each.substr(line.size())) + "\n";
  }
  return out;
}

/// Letters to change, add or leave out.
std::size_t distance(std::string_view one, std::string_view other) {
  std::vector<std::size_t> row(other.size() + 1);
  std::iota(row.begin(), row.end(), 0);
  for (std::size_t i = 0; i < one.size(); ++i) {
    std::size_t diagonal = std::exchange(row[0], i + 1);
    for (std::size_t j = 0; j < other.size(); ++j) {
      const std::size_t changed = diagonal + (one[i] == other[j] ? 0 : 1);
      diagonal = row[j + 1];
      row[j + 1] = std::min({changed, row[j] + 1, row[j + 1] + 1});
    }
  }
  return row.back();
}

}  // namespace

std::optional<std::string> nearest_command(const CommandDescription& command,
                                           const std::string& word) {
  constexpr std::size_t kMostLetters = 16;
  std::optional<std::string> out;
  std::size_t best = 3;
  if (word.size() > kMostLetters) return out;
  for (const auto& each : command.commands) {
    const std::size_t apart = distance(word, each.words.back());
    if (apart >= best || apart >= word.size()) continue;
    best = apart;
    out = each.words.back();
  }
  return out;
}

std::string spelled(const FlagDescription& flag) {
  const std::string value = flag.choices.empty() ? flag.value : joined(flag.choices, "|");
  if (flag.names.empty()) return value;
  return joined(flag.names, ", ") + (value.empty() ? "" : " " + value);
}

std::string help_of(const FlagDescription& flag) {
  std::string out = flag.help;
  if (flag.is_needed && !flag.names.empty()) out += " (needed)";
  if (flag.is_repeatable && !flag.names.empty()) out += "; may be repeated";
  return out;
}

std::string usage_of(const CommandDescription& command) {
  std::string out = command.path();
  if (!command.commands.empty()) return out + " COMMAND [FLAG...]";
  for (const auto& place : command.places)
    out += place.is_needed ? " " + spelled(place) : " [" + spelled(place) + "]";
  bool has_more = false;
  for (const auto& flag : command.flags) {
    if (flag.is_needed) out += " " + flag.names.back() + " " + flag.value;
    has_more = has_more || !flag.is_needed;
  }
  if (has_more) out += " [FLAG...]";
  return command.rest.empty() ? out : out + " " + command.rest;
}

std::string help_text(const CommandDescription& command,
                      const std::vector<FlagDescription>& everywhere, const Screen& screen) {
  const std::size_t width = std::min(screen.columns, kWidest);
  const std::size_t column = column_for(command, everywhere);
  const std::string opening = command.path() + ": ";
  std::string out = screen.styled(Style::Heading, opening.substr(0, opening.size() - 2)) + ": " +
                    wrapped(command.help, width - std::min(width / 2, opening.size()), 0) + "\n";
  out += "\n" + screen.styled(Style::Heading, "Usage") + "\n  " +
         wrapped(usage_of(command), width, 4) + "\n";
  for (const auto& heading : headings_of(command.commands))
    out += section(heading, lines_of(command.commands, heading), column, screen);
  out += section("Arguments", lines_of(command.places, nullptr), column, screen);
  for (const auto& heading : headings_of(command.flags))
    out += section(heading, lines_of(command.flags, &heading), column, screen);
  out += section("Flags of every command", lines_of(everywhere, nullptr), column, screen);
  out += examples_of(command, screen);
  for (const auto& note : command.notes) out += "\n" + wrapped(note, width, 0) + "\n";
  return out;
}

}  // namespace strongroom::app
