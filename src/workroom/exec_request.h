// A request of `strongroom-init exec`, read from a process of the workroom: hostile until it is
// here. Pure parsing; fuzzed (fuzz/). SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>
#include <optional>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "workroom/environment.h"
#include "workroom/exec_wire.h"

namespace strongroom::workroom {

struct ExecRequest {
  std::string directory;
  std::vector<std::string> services;  ///< or SERVICE:LABEL; without repetitions
  std::vector<std::string> command;
  std::vector<PlainVariable> variables;  ///< each name once, the first that was said
  std::optional<uid_t> user;
};

/// Is what it announces within the limits? Protocol: another build; TooLarge.
[[nodiscard]] Status check_head(const ExecHead& head);
/// Exactly the texts that the head announces, each with its NUL, and nothing after.
[[nodiscard]] Result<ExecRequest> parse_exec_request(const ExecHead& head, ByteView texts);

}  // namespace strongroom::workroom
