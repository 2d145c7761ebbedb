// strongroom(1), in the language of man(7). SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "app/command_description.h"

namespace strongroom::app {
[[nodiscard]] std::string manual_page(const CommandLineDescription& description);
}  // namespace strongroom::app
