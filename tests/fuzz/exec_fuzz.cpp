// The request of `strongroom-init exec`: what is accepted holds no NUL, names each variable and
// service once, and has a command. SPDX-License-Identifier: Apache-2.0
#include <cstdlib>
#include <cstring>
#include <set>

#include "workroom/exec_request.h"

namespace {

void must(bool holds) {
  if (!holds) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace strongroom;
  workroom::ExecHead head;
  if (size < sizeof(head)) return 0;
  std::memcpy(&head, data, sizeof(head));
  const ByteView texts(data + sizeof(head), size - sizeof(head));
  head.version = workroom::kExecVersion;
  head.size = static_cast<std::uint32_t>(texts.size());
  head.services %= 8;
  head.arguments %= 16;
  head.variables %= 64;
  const auto request = workroom::parse_exec_request(head, texts);
  if (!request) return 0;
  must(!request->command.empty() && !request->command[0].empty() && !request->services.empty());
  const std::set<std::string> services(request->services.begin(), request->services.end());
  must(services.size() == request->services.size());
  std::set<std::string> names;
  for (const auto& variable : request->variables) {
    must(names.insert(variable.name).second && !variable.name.empty());
    must(variable.name.find('=') == std::string::npos);
    must(variable.value.find('\0') == std::string::npos);
  }
  for (const auto& argument : request->command) must(argument.find('\0') == std::string::npos);
  return 0;
}
