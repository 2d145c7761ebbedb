// SPDX-License-Identifier: Apache-2.0
#include "workroom/network_plan.h"

#include <arpa/inet.h>
#include <algorithm>
#include <charconv>
#include <map>
#include <random>

namespace strongroom::workroom {
namespace {

bool is_address(const std::string& host) {
  in_addr four{};
  in6_addr six{};
  return ::inet_pton(AF_INET, host.c_str(), &four) == 1 ||
         ::inet_pton(AF_INET6, host.c_str(), &six) == 1;
}

std::uint16_t number_of(const std::string& port) {
  std::uint16_t out = 0;
  std::from_chars(port.data(), port.data() + port.size(), out);
  return out;
}

/// "127.X.Y.": one network of loopback for all of a session's listeners.
std::string network_for(Loopback loopback) {
  if (loopback == Loopback::Own) return "127.0.0.";
  std::random_device random;
  const auto octet = [&random] { return std::to_string(1 + random() % 254); };
  return "127." + octet() + "." + octet() + ".";
}

std::string destination(const catalog::Place& place) {
  const bool is_six = place.host.find(':') != std::string::npos;
  return (is_six ? "[" + place.host + "]" : place.host) + ":" + place.port;
}

class Planner {
 public:
  explicit Planner(Loopback loopback) : network_(network_for(loopback)) {
    plan.gateway_host = network_ + "1";
    plan.relays.push_back({plan.gateway_host, NetworkPlan::kGatewayPort, {}});
  }

  void add(const catalog::Place& place) {
    const std::uint16_t port = number_of(place.port);
    if (port == 0) return;
    const std::string address = address_of(place);
    const bool is_there = std::ranges::any_of(plan.relays, [&](const Relay& each) {
      return each.address == address && each.port == port;
    });
    if (!is_there) plan.relays.push_back({address, port, destination(place)});
  }

  NetworkPlan plan;

 private:
  std::string address_of(const catalog::Place& place) {
    const auto known = addresses_.find(place.host);
    if (known != addresses_.end()) return known->second;
    std::string address = place.is_inspected ? network_ + "2" : network_ + std::to_string(next_++);
    if (place.host.starts_with("127.") && is_address(place.host)) address = place.host;
    addresses_.emplace(place.host, address);
    if (!is_address(place.host))
      plan.hosts.push_back({address, place.host});
    else if (address != place.host)
      plan.moved.emplace_back(place.host, address);
    return address;
  }

  std::string network_;
  std::map<std::string, std::string> addresses_;
  int next_ = 2;
};

}  // namespace

std::string NetworkPlan::inside(const std::string& host) const {
  for (const auto& [outside, address] : moved)
    if (outside == host) return address;
  return host;
}

NetworkPlan plan_network(const std::vector<catalog::Place>& places, Loopback loopback) {
  Planner planner(loopback);
  for (const auto& place : places) planner.add(place);
  return std::move(planner.plan);
}

}  // namespace strongroom::workroom
