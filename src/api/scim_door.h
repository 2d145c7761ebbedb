// The SCIM door: /scim/v2, where a tenant's identity provider keeps people and groups up to date
// (RFC 7644). Its callers bring the token of one provider, which is good for nothing else; the
// control API's tables do not hold it, as its documents and errors are the standard's. Inside the
// room only. SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

#include "api/operations.h"
#include "http/server.h"
#include "io/task.h"

namespace strongroom::api {

inline constexpr std::string_view kScimStart = "/scim/v2/";

/// Any request whose path begins like that.
[[nodiscard]] io::Task<http::ServerResponse> serve_scim(const Services& services,
                                                        http::ServerRequest& request);

}  // namespace strongroom::api
