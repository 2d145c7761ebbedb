// SPDX-License-Identifier: Apache-2.0
#include "catalog/places.h"

namespace strongroom::catalog {

std::vector<Place> places_of(const Service& service, const Settings& settings) {
  const bool is_proxied = service.delivery == Delivery::Proxied;
  const std::string usual = std::to_string(service.port);
  std::vector<Place> out;
  for (const auto& host : service.hosts) out.push_back({host, usual, is_proxied});
  const std::string own(setting_of(service, settings, is_proxied ? service.host_setting : "host"));
  const std::string port(setting_of(service, settings, "port"));
  if (!own.empty()) out.push_back({own, port.empty() ? usual : port, is_proxied});
  return out;
}

std::optional<Place> place_of_check(const Service& service, const Settings& settings) {
  for (const auto& [name, value] : service.check.only_for)
    if (setting_of(service, settings, name) != value) return std::nullopt;
  const bool is_proxied = service.delivery == Delivery::Proxied;
  const std::string usual = std::to_string(service.port);
  if (!service.host_setting.empty()) {
    const std::string port(setting_of(service, settings, "port"));
    return Place{std::string(setting_of(service, settings, service.host_setting)),
                 port.empty() ? usual : port, is_proxied};
  }
  if (service.hosts.empty()) return std::nullopt;
  const auto& host = service.check.host.empty() ? service.hosts.front() : service.check.host;
  return Place{host, usual, is_proxied};
}

}  // namespace strongroom::catalog
