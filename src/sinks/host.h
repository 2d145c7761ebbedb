// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

namespace strongroom::sinks {

/// As the kernel knows it (gethostname(2)).
[[nodiscard]] std::string host_of_this_machine();

}  // namespace strongroom::sinks
