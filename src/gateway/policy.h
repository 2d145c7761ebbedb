// Policy: routes that would hand out, change or mint credentials. SPDX-License-Identifier:
// Apache-2.0
#pragma once

#include <string_view>

#include "catalog/catalog.h"
#include "gateway/authority.h"
#include "http/head.h"

namespace strongroom::gateway {

/// Is this request closed by the service's denied paths? `host` is the authority's.
[[nodiscard]] bool is_denied(const Route& route, std::string_view host,
                             const http::RequestHead& request);

}  // namespace strongroom::gateway
