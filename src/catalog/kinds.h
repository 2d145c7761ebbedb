// Kinds of a service's keys that its provider takes in another form than the others.
//
// Used by: gateway, workroom. Threads: any. SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "base/secret.h"
#include "catalog/settings.h"

namespace strongroom::catalog {

/// Where this key goes: as its kind says, else as the service does.
[[nodiscard]] const Placement& placement_of(const Service& service, const Settings& settings,
                                            const Secret& value);

/// The template of the user name that git shows beside this key.
[[nodiscard]] const std::string& git_user_of(const Service& service, const Settings& settings);

}  // namespace strongroom::catalog
