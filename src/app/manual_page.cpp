// SPDX-License-Identifier: Apache-2.0
#include "app/manual_page.h"

#include <utility>

#include "app/help_text.h"

namespace strongroom::app {
namespace {

using Pair = std::pair<std::string_view, std::string_view>;

constexpr std::string_view kWhatItIs =
    "Keys go in once, are encrypted with AES-256-GCM, and are never shown again. An agent in a "
    "workroom calls its providers through the gateway with a worthless pass, and the gateway adds "
    "the key; what tools must hold, as a git token, is in the workroom's environment only while a "
    "session runs. One command switches a key off everywhere at once, and answers with a signed "
    "receipt of what that achieved.";

constexpr std::string_view kValues =
    "The value of a key is read from a hidden prompt or from standard input, never from an "
    "argument.";

constexpr Pair kVariables[] = {
    {"STRONGROOM_DATA", "the data directory, for the server and all commands"},
    {"STRONGROOM_URL", "a control API that is reached by address instead of its socket"},
    {"STRONGROOM_TOKEN", "whose the calls of that API are"},
    {"STRONGROOM_CA", "a PEM file that is trusted for that beside the system's roots"},
    {"STRONGROOM_TICKET", "of ticket use and attach"},
    {"STRONGROOM_PASSPHRASE_FILE", "a file with the passphrase of a passphrase seal"},
    {"NO_COLOR", "set to anything: no colours on a terminal"}};

constexpr Pair kFiles[] = {
    {"strongroom-data/", "the data directory, unless --data or STRONGROOM_DATA name another"},
    {"strongroom.toml", "in it: the configuration"},
    {"control.sock", "in it: the control API for the directory's owner"},
    {"seal.key", "in it: the key of the file seal; keep a copy apart from the backups"}};

constexpr Pair kExits[] = {
    {"0", "done"},      {"1", "failed"},
    {"2", "wrong use"}, {"3", "refused: not allowed, revoked, expired"},
    {"4", "not found"}, {"5", "unavailable: no server answers, or it is sealed"}};

/// Text that means itself: no escape, and no request at the beginning of a line.
std::string plain(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '\\')
      out += "\\e";
    else if (c == '-')
      out += "\\-";
    else
      out += c;
  }
  return out.starts_with('.') || out.starts_with('\'') ? "\\&" + out : out;
}

std::string tagged(std::string_view tag, std::string_view text) {
  return ".TP\n.B " + plain(tag) + "\n" + plain(text) + "\n";
}

template <std::size_t N>
std::string list(std::string_view heading, const Pair (&pairs)[N]) {
  std::string out = ".SH " + std::string(heading) + "\n";
  for (const auto& [tag, text] : pairs) out += tagged(tag, text);
  return out;
}

std::string flags_of(const std::vector<FlagDescription>& flags) {
  std::string out;
  for (const auto& each : flags) out += tagged(spelled(each), help_of(each));
  return out;
}

std::string examples_of(const std::vector<std::string>& examples) {
  if (examples.empty()) return {};
  std::string out = ".nf\n.RS\n";
  for (const auto& each : examples) out += plain(each) + "\n";
  return out + ".RE\n.fi\n";
}

std::string section_of(const CommandDescription& command) {
  std::string out;
  if (command.commands.empty()) {
    out += ".SS " + plain(command.path()) + "\n" + plain(command.help) + ".\n.PP\n.B " +
           plain(usage_of(command)) + "\n";
    out += flags_of(command.places) + flags_of(command.flags);
    for (const auto& note : command.notes) out += ".PP\n" + plain(note) + "\n";
    out += examples_of(command.examples);
  }
  for (const auto& each : command.commands) out += section_of(each);
  return out;
}

}  // namespace

std::string manual_page(const CommandLineDescription& description) {
  const auto& root = description.root;
  std::string out = ".TH STRONGROOM 1 \"\" \"Strongroom " STRONGROOM_VERSION "\" \"Strongroom\"\n";
  out += ".SH NAME\nstrongroom \\- " + plain(root.help) + "\n";
  out += ".SH SYNOPSIS\n.B strongroom\n.I COMMAND\n.RI [ FLAG ...]\n";
  out += ".SH DESCRIPTION\n" + plain(kWhatItIs) + "\n.PP\n" + plain(kValues) + "\n";
  for (const auto& note : root.notes) out += ".PP\n" + plain(note) + "\n";
  out += ".SH OPTIONS\n" + flags_of(description.everywhere) + flags_of(root.flags);
  for (const auto& heading : headings_of(root.commands)) {
    out += ".SH COMMANDS: " + plain(heading) + "\n";
    for (const auto& each : root.commands)
      if (each.group == heading) out += section_of(each);
  }
  out += list("ENVIRONMENT", kVariables) + list("FILES", kFiles) + list("EXIT STATUS", kExits);
  if (!root.examples.empty()) out += ".SH EXAMPLES\n" + examples_of(root.examples);
  return out;
}

}  // namespace strongroom::app
