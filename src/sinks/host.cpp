// SPDX-License-Identifier: Apache-2.0
#include "sinks/host.h"

#include <unistd.h>
#include <array>

namespace strongroom::sinks {

std::string host_of_this_machine() {
  std::array<char, 256> name{};
  if (::gethostname(name.data(), name.size() - 1) != 0) return {};
  return name.data();
}

}  // namespace strongroom::sinks
