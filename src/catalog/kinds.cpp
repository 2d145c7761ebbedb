// SPDX-License-Identifier: Apache-2.0
#include "catalog/kinds.h"

#include <algorithm>

namespace strongroom::catalog {
namespace {

bool starts_with_any(const Secret& value, const std::vector<std::string>& starts) {
  return value.reveal([&](ByteView plain) {
    return std::ranges::any_of(
        starts, [&](const std::string& start) { return text_of(plain).starts_with(start); });
  });
}

}  // namespace

const Placement& placement_of(const Service& service, const Settings& settings,
                              const Secret& value) {
  for (const auto& kind : service.kinds)
    if (!setting_of(settings, kind.setting).empty() || starts_with_any(value, kind.value_starts))
      return kind.inject;
  return service.inject;
}

const std::string& git_user_of(const Service& service, const Settings& settings) {
  for (const auto& kind : service.kinds)
    if (!kind.git_user.empty() && !setting_of(settings, kind.setting).empty()) return kind.git_user;
  return service.git_user;
}

}  // namespace strongroom::catalog
