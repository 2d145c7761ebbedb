// SPDX-License-Identifier: Apache-2.0
#include "app/reach.h"

#include <algorithm>

#include "app/gateway_certificate.h"
#include "base/url.h"

namespace strongroom::app {

std::string Reach::gateway_url() const {
  if (!config_.gateway_url.empty()) return config_.gateway_url;
  const io::Endpoint& bound = sockets_.gateway.bound;
  return "http://" + io::Endpoint{reachable_host(bound.host), bound.port}.text();
}

std::string Reach::console_url() const {
  if (!config_.console_url.empty()) return config_.console_url;
  const io::Endpoint& at = sockets_.control.bound;
  const bool is_own = at.host == "127.0.0.1" || at.host == "::1";
  return "http://" + (is_own ? "localhost:" + std::to_string(at.port) : at.text()) + "/";
}

std::vector<std::string> Reach::names_from_afar() const {
  std::vector<std::string> names = config_.names;
  names.push_back(reachable_host(sockets_.control.bound.host));
  if (auto host = host_of_url(config_.console_url); !host.empty()) names.push_back(std::move(host));
  return names;
}

std::vector<std::string> Reach::names_of_gateway() const {
  std::vector<std::string> names{"localhost", "127.0.0.1", "::1"};
  const auto add = [&](const std::string& name) {
    if (std::ranges::find(names, name) == names.end()) names.push_back(name);
  };
  add(reachable_host(sockets_.gateway.bound.host));
  for (const auto& name : names_from_afar()) add(name);
  for (const auto& name : config_.gateway_names) add(name);
  if (const auto host = host_of_url(config_.gateway_url); !host.empty()) add(host);
  return names;
}

}  // namespace strongroom::app
