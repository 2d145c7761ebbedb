// Settings: what was set with a key (service.h says what can be).
//
// Used by: vault, gateway, workroom. Threads: any. SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "catalog/service.h"

namespace strongroom::catalog {

/// Name and value.
using Settings = std::vector<std::pair<std::string, std::string>>;

/// What was set; empty when nothing was. Good as long as the settings.
[[nodiscard]] std::string_view setting_of(const Settings& settings, std::string_view name);

/// What was set, else the service's default. Good as long as both.
[[nodiscard]] std::string_view setting_of(const Service& service, const Settings& settings,
                                          std::string_view name);

}  // namespace strongroom::catalog
