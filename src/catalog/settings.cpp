// SPDX-License-Identifier: Apache-2.0
#include "catalog/settings.h"

#include <algorithm>

namespace strongroom::catalog {

std::string_view setting_of(const Settings& settings, std::string_view name) {
  const auto found = std::ranges::find(settings, name, &Settings::value_type::first);
  return found == settings.end() ? std::string_view() : found->second;
}

std::string_view setting_of(const Service& service, const Settings& settings,
                            std::string_view name) {
  const std::string_view own = setting_of(settings, name);
  if (!own.empty()) return own;
  const auto found = std::ranges::find(service.settings, name, &Setting::name);
  return found == service.settings.end() ? std::string_view() : found->default_value;
}

}  // namespace strongroom::catalog
