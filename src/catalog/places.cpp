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

std::optional<Place> place_of_check(
    const Service& service, const std::vector<std::pair<std::string, std::string>>& settings) {
  for (const auto& [name, value] : service.check.only_for)
    if (find(service, settings, name) != value) return std::nullopt;
  const bool is_proxied = service.delivery == Delivery::Proxied;
  const std::string usual = std::to_string(service.port);
  if (!service.host_setting.empty()) {
    const std::string port = find(service, settings, "port");
    return Place{find(service, settings, service.host_setting), port.empty() ? usual : port,
                 is_proxied};
  }
  if (service.hosts.empty()) return std::nullopt;
  const auto& host = service.check.host.empty() ? service.hosts.front() : service.check.host;
  return Place{host, usual, is_proxied};
}

}  // namespace strongroom::catalog
