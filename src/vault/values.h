// What may be stored: the rules for key values and their settings. Internal to this room.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "catalog/service.h"
#include "vault/vault.h"

namespace strongroom::vault {

/// Trims one trailing line end; refuses what the service cannot carry. The message never holds a
/// part of the value.
[[nodiscard]] Status check_value(const catalog::Service& service, Secret& value);
/// The last four characters where the service says that its keys are long enough and this one is;
/// else empty.
[[nodiscard]] std::string last_characters_of(const catalog::Service& service, const Secret& value);
/// Checks each by its kind, fills in defaults; answers them in the catalogue's order.
[[nodiscard]] Result<Settings> check_settings(const catalog::Service& service,
                                              const Settings& given);

}  // namespace strongroom::vault
