// SPDX-License-Identifier: Apache-2.0
#include "gateway/policy.h"

namespace strongroom::gateway {

bool is_denied(const Route& route, std::string_view host, const http::RequestHead& request) {
  for (const auto& denied : route.service->denied) {
    if (!denied.host.empty() && denied.host != host) continue;
    const bool is_method =
        denied.method == "*" ||
        (denied.method == "WS" ? request.is_websocket_upgrade : denied.method == request.method);
    // HEAD tells what GET would.
    const bool is_head_of_get = denied.method == "GET" && request.method == "HEAD";
    if ((is_method || is_head_of_get) && catalog::path_matches(denied.path, route.path))
      return true;
  }
  return false;
}

}  // namespace strongroom::gateway
