// Where a key may be used: the hosts of its service, and the one that its settings name.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "catalog/settings.h"

namespace strongroom::catalog {

struct Place {
  std::string host;  ///< a name or an address, as it was written
  std::string port;
  /// The gateway looks into what goes there, as it adds the key; else it is a plain tunnel.
  bool is_inspected = false;

  [[nodiscard]] std::string text() const { return host + ":" + port; }
};

[[nodiscard]] std::vector<Place> places_of(const Service& service, const Settings& settings);

/// Where its provider is asked about such a key; nothing where the check is not for it.
[[nodiscard]] std::optional<Place> place_of_check(const Service& service, const Settings& settings);

}  // namespace strongroom::catalog
