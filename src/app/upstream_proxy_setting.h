// The setting [gateway] upstream_proxy, as gateways need it. SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "lease/messages.h"

namespace strongroom::app {

/// "http://[USER:PASSWORD@]HOST:PORT", user and password percent-encoded where they hold what a URL
/// cannot; an empty text is no proxy. Errors name neither.
[[nodiscard]] Result<lease::UpstreamProxy> upstream_proxy_of(
    std::string_view url, const std::vector<std::string>& no_proxy);

}  // namespace strongroom::app
