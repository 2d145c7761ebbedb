// Policy: routes that would hand out, change or mint credentials. SPDX-License-Identifier:
// Apache-2.0
#pragma once

#include <optional>
#include <string_view>

#include "catalog/catalog.h"
#include "gateway/authority.h"
#include "http/head.h"

namespace strongroom::gateway {

/// What the service's file says of this request, the strictest of it; nothing: it is an ordinary
/// one. `host` is the authority's.
[[nodiscard]] std::optional<catalog::PathAction> action_for(const Route& route,
                                                            std::string_view host,
                                                            const http::RequestHead& request);

}  // namespace strongroom::gateway
