// SPDX-License-Identifier: Apache-2.0
#include "catalog/places.h"

#include <string_view>

namespace strongroom::catalog {
namespace {

/// What was set with the key, else the service's default.
std::string find(const Service& service,
                 const std::vector<std::pair<std::string, std::string>>& settings,
                 std::string_view name) {
  for (const auto& [key, value] : settings)
    if (key == name && !value.empty()) return value;
  for (const auto& setting : service.settings)
    if (setting.name == name) return setting.default_value;
  return {};
}

}  // namespace

std::vector<Place> places_of(const Service& service,
                             const std::vector<std::pair<std::string, std::string>>& settings) {
  const bool is_proxied = service.delivery == Delivery::Proxied;
  const std::string usual = std::to_string(service.port);
  std::vector<Place> out;
  for (const auto& host : service.hosts) out.push_back({host, usual, is_proxied});
  const std::string own = find(service, settings, is_proxied ? service.host_setting : "host");
  const std::string port = find(service, settings, "port");
  if (!own.empty()) out.push_back({own, port.empty() ? usual : port, is_proxied});
  return out;
}

}  // namespace strongroom::catalog
