// Errors as outsiders see them: the one place of this room where a Code becomes an HTTP status.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/result.h"
#include "http/server.h"

namespace strongroom::api {

[[nodiscard]] int status_of(Code code);
[[nodiscard]] int status_of(const Error& error);
[[nodiscard]] http::ServerResponse to_response(const Error& error);

}  // namespace strongroom::api
