// SPDX-License-Identifier: Apache-2.0
#include "gateway/policy.h"

#include <algorithm>

namespace strongroom::gateway {
namespace {

bool is_about(const catalog::DeniedPath& route_of, const Route& route, std::string_view host,
              const http::RequestHead& request) {
  if (!route_of.host.empty() && route_of.host != host) return false;
  const bool is_method =
      route_of.method == "*" ||
      (route_of.method == "WS" ? request.is_websocket_upgrade : route_of.method == request.method);
  // HEAD tells what GET would.
  const bool is_head_of_get = route_of.method == "GET" && request.method == "HEAD";
  return (is_method || is_head_of_get) && catalog::path_matches(route_of.path, route.path);
}

}  // namespace

std::optional<catalog::PathAction> action_for(const Route& route, std::string_view host,
                                              const http::RequestHead& request) {
  std::optional<catalog::PathAction> strictest;
  for (const auto& each : route.service->denied)
    if (is_about(each, route, host, request) && (!strictest || each.action < *strictest))
      strictest = each.action;
  return strictest;
}

}  // namespace strongroom::gateway
