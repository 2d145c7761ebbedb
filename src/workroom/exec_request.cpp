// SPDX-License-Identifier: Apache-2.0
#include "workroom/exec_request.h"

#include <algorithm>
#include <set>

namespace strongroom::workroom {
namespace {

auto malformed() {
  return fail(Code::Protocol, "strongroom-init is of another build than this workroom's runner");
}

/// What the command is to find in its environment is named once; what has no name is nothing.
std::vector<PlainVariable> to_variables(std::vector<std::string>::const_iterator at,
                                        std::vector<std::string>::const_iterator end) {
  std::vector<PlainVariable> out;
  std::set<std::string, std::less<>> seen;
  for (; at != end; ++at) {
    auto variable = parse_variable(*at);
    if (variable && seen.insert(variable->name).second) out.push_back(std::move(*variable));
  }
  return out;
}

}  // namespace

Status check_head(const ExecHead& head) {
  if (head.version != kExecVersion || head.services == 0 || head.arguments == 0 || head.size == 0)
    return malformed();
  if (head.size > kExecLimit || head.services > kExecServices)
    return fail(Code::TooLarge, "arguments and variables together are more than 128 KiB");
  return {};
}

Result<ExecRequest> parse_exec_request(const ExecHead& head, ByteView octets) {
  STRONGROOM_CHECKED(check_head(head));
  if (octets.size() != head.size || octets.back() != 0) return malformed();
  std::vector<std::string> texts;
  for (auto at = octets.begin(); at != octets.end();) {
    const auto stop = std::find(at, octets.end(), 0);
    texts.emplace_back(at, stop);
    at = stop + 1;
  }
  const std::uint64_t announced =
      std::uint64_t{1} + head.services + head.arguments + head.variables;
  if (texts.size() != announced) return malformed();
  ExecRequest out;
  const auto first_service = texts.begin() + 1;
  const auto first_argument = first_service + head.services;
  const auto first_variable = first_argument + head.arguments;
  out.directory = texts[0];
  for (auto each = first_service; each != first_argument; ++each)
    if (std::ranges::find(out.services, *each) == out.services.end()) out.services.push_back(*each);
  out.command.assign(first_argument, first_variable);
  if (out.command[0].empty()) return malformed();
  out.variables = to_variables(first_variable, texts.end());
  if (head.has_user != 0) out.user = head.user;
  return out;
}

}  // namespace strongroom::workroom
