// SPDX-License-Identifier: Apache-2.0
#include "app/command_description.h"

#include <algorithm>
#include <sstream>
#include <utility>

#include "app/cli_options.h"

namespace strongroom::app {
namespace {

constexpr std::string_view kExample = "$ ";
constexpr std::string_view kRest = "-- ";

/// Of "TEXT:{missing,always,never}".
std::vector<std::string> choices_of(const std::string& type) {
  const auto begin = type.find('{');
  const auto end = type.find('}', begin);
  std::vector<std::string> out;
  if (begin == std::string::npos || end == std::string::npos) return out;
  std::istringstream list(type.substr(begin + 1, end - begin - 1));
  for (std::string each; std::getline(list, each, ',');) out.push_back(each);
  return out;
}

FlagDescription describe_flag(const CLI::Option& option, const std::string& path) {
  FlagDescription out;
  for (const auto& name : option.get_snames()) out.names.push_back("-" + name);
  for (const auto& name : option.get_lnames()) out.names.push_back("--" + name);
  if (option.get_items_expected_max() > 0) {
    out.value = value_of(option, path);
    out.choices = choices_of(option.get_type_name());
    if (out.value.starts_with('{')) out.choices = choices_of(out.value);
  }
  out.help = option.get_description();
  out.group = option.get_group();
  out.is_needed = option.get_required();
  out.is_repeatable = option.get_multi_option_policy() == CLI::MultiOptionPolicy::TakeAll ||
                      option.get_items_expected_max() > 1;
  return out;
}

/// A footer's lines are examples, what follows all flags, or paragraphs.
void take_footer(const std::string& footer, CommandDescription& out) {
  std::istringstream lines(footer);
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with(kExample))
      out.examples.push_back(line.substr(kExample.size()));
    else if (line.starts_with(kRest))
      out.rest = line;
    else if (!line.empty())
      out.notes.push_back(line);
  }
}

CommandDescription describe_command(const CLI::App& app, std::vector<std::string> words) {
  CommandDescription out;
  out.words = std::move(words);
  out.words.push_back(app.get_name());
  out.help = app.get_description();
  out.group = app.get_group();
  take_footer(app.get_footer(), out);
  for (const auto* option : app.get_options()) {
    if (option->get_group().empty() || option == app.get_help_ptr()) continue;
    auto& list = option->get_positional() ? out.places : out.flags;
    list.push_back(describe_flag(*option, out.path()));
  }
  for (const auto* command : app.get_subcommands([](const CLI::App*) { return true; }))
    if (!command->get_group().empty())
      out.commands.push_back(describe_command(*command, out.words));
  return out;
}

}  // namespace

std::string CommandDescription::path() const {
  std::string out;
  for (const auto& word : words) out += (out.empty() ? "" : " ") + word;
  return out;
}

const CommandDescription* CommandDescription::command(const std::string& word) const {
  const auto found = std::ranges::find_if(
      commands, [&](const CommandDescription& each) { return each.words.back() == word; });
  return found == commands.end() ? nullptr : &*found;
}

CommandLineDescription describe(const CLI::App& app) {
  CommandLineDescription out;
  out.root = describe_command(app, {});
  std::ranges::sort(out.root.commands, {}, [](const CommandDescription& each) {
    return std::pair(place_in_guide(each.words.back()), each.words.back());
  });
  out.everywhere = std::move(out.root.flags);
  out.root.flags.clear();
  if (const auto* help = app.get_help_ptr())
    out.everywhere.push_back(describe_flag(*help, out.root.path()));
  // It is the program's, not a command's.
  const auto version = std::ranges::find_if(
      out.everywhere, [](const FlagDescription& each) { return each.names.back() == "--version"; });
  if (version != out.everywhere.end()) {
    out.root.flags.push_back(*version);
    out.everywhere.erase(version);
  }
  return out;
}

std::string without_remark(const std::string& example) {
  const auto remark = example.find("  #");
  const auto end = example.find_last_not_of(' ', remark == std::string::npos ? remark : remark - 1);
  return remark == std::string::npos ? example : example.substr(0, end + 1);
}

}  // namespace strongroom::app
