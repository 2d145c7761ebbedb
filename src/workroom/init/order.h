// The order that the runner gives strongroom-init (wire.h): what to start, as whom, with which
// variables. SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>
#include <array>
#include <cstddef>
#include <vector>

#include "workroom/init/locked_pages.h"
#include "workroom/wire.h"

namespace strongroom::workroom {

/// Points into the locked pages.
struct Order {
  const char* directory = "";
  std::vector<char*> arguments;  ///< ends in nullptr, as the variables do
  std::vector<char*> variables;
  std::vector<char*> relays;  ///< "ADDRESS PORT DESTINATION"
  bool has_user = false;
  uid_t user = 0;
  gid_t group = 0;
  std::array<int, kWireStreams> streams{-1, -1, -1};  ///< -1: init's own
  bool is_terminal = false;
};

[[nodiscard]] bool read_exactly(int fd, void* into, std::size_t size);
/// The head, and the descriptors that it announces into order.streams.
[[nodiscard]] bool read_head(int fd, WireHead& head, Order& order);
/// Exactly the texts that the head announces, each with its NUL, and nothing after.
[[nodiscard]] bool parse(const WireHead& head, const LockedPages& pages, Order& order);
/// Who cannot become the order's user says so.
inline constexpr int kNoUser = -2;
/// The command's pid; -1 or kNoUser with the errno in `why`.
/// The streams are the command's alone afterwards. Until exec the child runs in our own locked
/// pages, so that no copy of them is made.
[[nodiscard]] pid_t start(Order& order, bool leads_group, int& why);

}  // namespace strongroom::workroom
