// SPDX-License-Identifier: Apache-2.0
#include "workroom/git_helpers.h"

#include <algorithm>

#include "catalog/kinds.h"
#include "workroom/exec_wire.h"

namespace strongroom::workroom {
namespace {

/// For a POSIX shell: nothing in it means anything.
std::string in_quotes(std::string_view text) {
  std::string out = "'";
  for (const char c : text) {
    if (c == '\'')
      out += "'\\''";
    else
      out += c;
  }
  return out + "'";
}

bool is_host_and_port(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.' || c == ':';
  });
}

bool has_control(std::string_view text) {
  return std::any_of(text.begin(), text.end(),
                     [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; });
}

/// A command of its own that is given the variable, whose use is recorded.
std::string asking(const std::string& answer, const std::string& key, const std::string& program) {
  return in_quotes(program) + " exec --with " + in_quotes(key) + " -- /bin/sh -c " + in_quotes(answer);
}

/// Within a command that was given the variable, and not by another key, the answer itself.
std::string own_or(const std::string& answer, const std::string& variable,
                   const std::string& asked) {
  return "if case \" $" + std::string(kOtherKeysVariable) + " \" in *\" " + variable +
         " \"*) false;; *) test -n \"$" + variable + "\";; esac; then " + answer + "; else " +
         asked + "; fi";
}

/// A line end in the token would let it write further lines of the helper's answer.
bool has_line_end(const Secret& value) {
  return value.reveal([](ByteView bytes) {
    return std::any_of(bytes.begin(), bytes.end(),
                       [](std::uint8_t c) { return c == '\n' || c == '\r' || c == 0; });
  });
}

/// What a path in a configuration's key may be: no pattern, nothing that ends the key's line.
bool is_plain_path(std::string_view text) {
  return text.starts_with('/') && std::ranges::all_of(text, [](unsigned char c) {
           return c > 0x20 && c < 0x7F &&
                  std::string_view("*?[]\\\"'#").find(static_cast<char>(c)) ==
                      std::string_view::npos;
         });
}

/// "https://github.com/acme": the host, and of it the part that the key is for.
Result<std::string> place_of(const TemplateInputs& inputs) {
  const catalog::Service& service = *inputs.key.service;
  STRONGROOM_TRY(const std::optional<std::string> host, expand_plain(service.git_host, inputs));
  if (!host || !is_host_and_port(*host))
    return fail(Code::Invalid, "the host of a " + service.id + " key is not a host name");
  STRONGROOM_TRY(std::optional<std::string> path, expand_plain(service.git_path, inputs));
  const bool is_whole = !path || path->empty() || *path == "/";
  if (!is_whole && !is_plain_path(*path))
    return fail(Code::Invalid, "the path of a " + service.id + " key is not one of plain letters");
  return "https://" + (host->ends_with(":443") ? host->substr(0, host->size() - 4) : *host) +
         (is_whole ? "" : *path);
}

}  // namespace

Status GitHelpers::add(const TemplateInputs& inputs, const std::string& variable, Source source,
                       const std::string& exec_program) {
  const catalog::Service& service = *inputs.key.service;
  if (service.git_host.empty() || variable.empty()) return {};
  STRONGROOM_TRY(const std::string place, place_of(inputs));
  STRONGROOM_TRY(const std::optional<std::string> user, expand_plain(catalog::git_user_of(service, inputs.key.settings), inputs));
  if (!user || has_control(*user))
    return fail(Code::Invalid, "the user of a " + service.id + " key is not a name");
  if (has_line_end(inputs.key.value))
    return fail(Code::Invalid, "a " + service.id + " token may not hold a line end");
  const std::string key = "credential." + place + ".helper";
  const bool is_taken =
      std::ranges::any_of(pairs_, [&](const Pair& each) { return each.key == key; });
  if (is_taken) return {};
  const std::string asked = service.id + (inputs.key.label.empty() ? "" : ":" + inputs.key.label);
  const std::string answer =
      "printf 'username=%s\\npassword=%s\\n' " + in_quotes(*user) + " \"$" + variable + "\"";
  const std::string asks = asking(answer, asked, exec_program);
  const std::string said = source == Source::Environment  ? answer
                           : source == Source::ExecAlways ? asks
                                                          : own_or(answer, variable, asks);
  pairs_.push_back({key, ""});  // forgets the helpers that files name for this place
  pairs_.push_back({key, "!f() { test \"$1\" = get && " + said + "; }; f"});
  // Git compares paths by itself; LFS knows of them only what git is told to ask with.
  const bool is_part = place.find('/', std::string_view("https://").size()) != place.npos;
  if (is_part) pairs_.push_back({"credential." + place + ".useHttpPath", "true"});
  return {};
}

std::vector<PlainVariable> GitHelpers::variables() const {
  std::vector<PlainVariable> out;
  if (pairs_.empty()) return out;
  out.push_back({"GIT_CONFIG_COUNT", std::to_string(pairs_.size())});
  for (std::size_t i = 0; i < pairs_.size(); ++i) {
    out.push_back({"GIT_CONFIG_KEY_" + std::to_string(i), pairs_[i].key});
    out.push_back({"GIT_CONFIG_VALUE_" + std::to_string(i), pairs_[i].value});
  }
  out.push_back({"GIT_TERMINAL_PROMPT", "0"});
  return out;
}

}  // namespace strongroom::workroom
